"""A rule that cannot run is named as failed wherever the check is shown (quality A13)."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from threecircles.core.errors import RULE_FAILED
from threecircles.quality import check_tables
from threecircles.quality import checking as check_module
from threecircles.quality.outputs_html import report_html
from threecircles.quality.outputs_json import report_json
from threecircles.quality.rulebook import rules_in_force
from threecircles.quality.stored import findings_table, rules_table
from threecircles.quality.summary import exit_code, summarise, summary_text

TABLES = {
    "Header": [{"CHILD": "a", "DOB": "01/05/2030", "SEX": "X", "UPN": "UN9", "ETHNIC": "Z"}],
    "Episodes": [
        {"CHILD": "a", "DECOM": "10/05/2025", "DEC": "09/05/2025", "RNE": "Q", "LS": "C2", "REC": None}
    ],
}  # fmt: skip
RAISES = "error('made to fail')"


def spoiled(rule):
    """The rule with SQL that binds and then raises."""
    if rule.is_row_rule:
        return replace(rule, broken_when=f"{RAISES} is null", compatible="")
    return replace(rule, query=f"select {RAISES} as grp", compatible="")


def shown(report):
    """Everything that is shown of a check, as one text for each form."""
    findings = findings_table(report)
    summary = summarise(report, findings)
    return {
        "screen": summary_text(summary),
        "html": report_html(report, findings, summary),
        "json": json.dumps(report_json(report, findings), default=str),
    }


def check_each(codes, monkeypatch):
    rules = rules_in_force("903", 2026)
    whole = check_tables("903", 2026, TABLES)
    ran = {code for code, status in whole.status.items() if status == "ran"}
    for code in [c for c in codes if c in ran]:
        broken = tuple(spoiled(r) if r.code == code else r for r in rules)
        monkeypatch.setattr(check_module, "rules_in_force", lambda *_, broken=broken: broken)
        report = check_tables("903", 2026, TABLES)
        assert report.status[code].state == "failed", code
        assert report.count("failed") == 1
        assert report.places() == {p for p in whole.places() if p[0] != code}
        table = rules_table(report)
        (state,) = table.filter(table["rule"] == code)["state"]
        assert state == "failed" and exit_code(report) == RULE_FAILED
        if code in codes[:2]:
            for form, text in shown(report).items():
                assert "1 failed" in text, form
                assert code in text and "made to fail" in text, form
                assert not any(w in text.lower() for w in ("passed", "traceback")), form


def test_rules_made_to_raise_are_shown_failed_and_hide_no_other(monkeypatch):
    """quality A13: a sample in turn, row rules and queries; API, JSON, first screen and HTML."""
    check_each([r.code for r in rules_in_force("903", 2026)][::40] + ["356", "142"], monkeypatch)


@pytest.mark.slow
def test_every_rule_made_to_raise_is_shown_failed(monkeypatch):
    """quality A13: each rule in turn."""
    check_each([r.code for r in rules_in_force("903", 2026)], monkeypatch)


def test_the_command_ends_with_four_when_a_rule_fails(tmp_path):
    """quality A13, section 5: exit code 4; the other rules' findings are there."""
    (tmp_path / "header.csv").write_text(
        "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\na,M,01/05/2030,WBRI,UN1,,\n"
    )
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "L-01.yaml").write_text(
        "code: L-01\nreturn: '903'\ntitle: Made to fail\nseverity: error\ndimension: validity\nunit: row\n"
        f'needs: {{Header: [SEX]}}\nbroken_when: "{RAISES} is null"\n'
        "reports: [{table: Header, columns: [SEX]}]\nmessage: It fails.\nshort: It fails.\nhint: None.\n"
        "reference: None\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "threecircles", "check", str(tmp_path / "header.csv"), "--return", "903",
         "--year", "2026", "--rules", str(rules), "--json", str(tmp_path / "out.json")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == RULE_FAILED, done.stderr
    assert "1 failed" in done.stdout and "Failed L-01" in done.stdout
    (told,) = json.loads((tmp_path / "out.json").read_text())["returns"]
    assert told["failed"] == 1 and told["status"]["L-01"].startswith("failed")
    assert "301" in {f["rule"] for f in told["findings"]}
