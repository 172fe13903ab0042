"""Writes the children in need census as XML: without it no made-up place could send a real return."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.sources.declared import Table, source

Row = dict[str, str | None]
Frame = pl.DataFrame | Iterable[Mapping[str, Any]]
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_cin_xml(
    tables: Mapping[str, Frame], path: Path, header: Mapping[str, Any] | None = None
) -> Path:
    """Write the twelve tables of the source `cin-census` as one nested XML file, child by child.

    tables: name -> frame or list of records with the declared columns (any may be missing; dates may
    be dates or ISO text). A child is a row of ChildIdentifiers; rows of the other tables find their
    place by LAchildID, CINdetailsID, AssessmentID and CPPID. Factors come from AssessmentFactorsList,
    else from the list in Assessments.AssessmentFactors; an empty list writes an empty group. A row of
    Reviews without a date writes an empty Reviews.
    header: fields of the Header table; without it the first row of tables["Header"].
    Returns the path. Raises UsageError when a row has no child or a text cannot stand in XML.
    """
    rows = {t.name: records(tables.get(t.name, ()), t) for t in source("cin-census").tables}
    head = (
        {k: _text(v) for k, v in header.items()}
        if header is not None
        else next(iter(rows["Header"]), {})
    )
    nest = _Nest(rows)
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<Message>\n')
        _write_header(out, head)
        out.write("<Children>\n")
        for child in rows["ChildIdentifiers"]:
            _write_child(out, child, nest)
        out.write("</Children>\n</Message>\n")
    return path


def records(frame: Frame, table: Table) -> list[Row]:
    """A frame's rows as text, keyed by the declared column names; what the table does not declare is left out."""
    convert = {c.name: _list if c.many else _text for c in table.columns}
    rows: Iterable[Mapping[str, Any]] = (
        frame.iter_rows(named=True) if isinstance(frame, pl.DataFrame) else frame
    )
    return [{n: convert[n](v) for n, v in row.items() if n in convert} for row in rows]


def _list(value: Any) -> Any:
    return None if value is None else [_text(v) for v in value]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    if _NOT_XML.search(text):
        raise UsageError(
            "A text holds a control character that XML cannot hold.",
            mend="Take it out and write again.",
        )
    return text or None


class _Nest:
    """Rows of the inner tables by the keys of what holds them."""

    def __init__(self, rows: Mapping[str, list[Row]]) -> None:
        self.by_child = {
            name: _group(rows[name], "LAchildID")
            for name in ("ChildCharacteristics", "Disabilities", "CINdetails")
        }
        self.by_module = {
            name: _group(rows[name], "LAchildID", "CINdetailsID")
            for name in (
                "Assessments",
                "CINplanDates",
                "Section47",
                "ChildProtectionPlans",
                "PreProceedings",
            )
        }
        self.factors = _group(
            rows["AssessmentFactorsList"], "LAchildID", "CINdetailsID", "AssessmentID"
        )
        self.reviews = _group(rows["Reviews"], "LAchildID", "CINdetailsID", "CPPID")
        known = {row.get("LAchildID") for row in rows["ChildIdentifiers"]}
        for name, groups in self.by_child.items():
            if set(groups) - {(k,) for k in known}:
                raise UsageError(f"{name} holds children that ChildIdentifiers does not.")


def _group(rows: list[Row], *keys: str) -> dict[tuple[str | None, ...], list[Row]]:
    grouped: dict[tuple[str | None, ...], list[Row]] = defaultdict(list)
    for row in rows:
        grouped[tuple(row.get(k) for k in keys)].append(row)
    return grouped


_COLLECTION = ("Collection", "Year", "ReferenceDate")
_SENDER = ("SourceLevel", "LEA", "SoftwareCode", "Release", "SerialNo", "DateTime")


def _write_header(out: TextIO, head: Mapping[str, str | None]) -> None:
    out.write("<Header><CollectionDetails>")
    out.write(_leaves(head, _COLLECTION))
    out.write("</CollectionDetails><Source>")
    out.write(_leaves(head, _SENDER))
    out.write("</Source></Header>\n")


def _leaves(row: Mapping[str, Any], names: Iterable[str]) -> str:
    return "".join(f"<{n}>{escape(row[n])}</{n}>" for n in names if row.get(n) is not None)


_IDENTIFIERS = (
    "LAchildID", "UPN", "FormerUPN", "UPNunknown", "PersonBirthDate", "ExpectedPersonBirthDate",
    "GenderCurrent", "Sex", "PersonDeathDate",
)  # fmt: skip
_REFERRAL = (
    "CINreferralDate", "ReferralSource", "PrimaryNeedCode", "CINclosureDate", "ReasonForClosure", "DateOfInitialCPC",
)  # fmt: skip
_ASSESSMENT = (
    "AssessmentActualStartDate",
    "AssessmentInternalReviewDate",
    "AssessmentAuthorisationDate",
)
_PLAN = (
    "CPPstartDate",
    "CPPendDate",
    "InitialCategoryOfAbuse",
    "LatestCategoryOfAbuse",
    "NumberOfPreviousCPP",
)
_ENQUIRY = ("S47ActualStartDate", "InitialCPCtarget", "DateOfInitialCPC", "ICPCnotRequired")
_PROCEEDINGS = (
    "PPStartDate", "LBPSentDate", "FGDMMeetingOffer", "FGDMMeetingFac", "InitialPPMeetingDate",
    "ReviewMeetingsCount", "StepDecisionDate", "PPOutcome", "CourtAppDate", "LetterInitCPDate",
)  # fmt: skip


def _write_child(out: TextIO, child: Row, nest: _Nest) -> None:
    key = (child.get("LAchildID"),)
    out.write(
        "<Child>\n<ChildIdentifiers>" + _leaves(child, _IDENTIFIERS) + "</ChildIdentifiers>\n"
    )
    _write_characteristics(out, key, nest)
    # A child named twice keeps its episodes at the first place, so that none is written twice.
    for module in nest.by_child["CINdetails"].pop(key, ()):
        _write_module(out, module, nest)
    out.write("</Child>\n")


def _write_characteristics(out: TextIO, key: tuple[str | None, ...], nest: _Nest) -> None:
    characteristics = nest.by_child["ChildCharacteristics"].pop(key, [])
    disabilities = nest.by_child["Disabilities"].pop(key, [])
    for position, row in enumerate(characteristics or ([{}] if disabilities else [])):
        out.write("<ChildCharacteristics>" + _leaves(row, ("Ethnicity",)))
        if disabilities and position == 0:
            inner = "".join(_leaves(d, ("Disability",)) for d in disabilities)
            out.write(f"<Disabilities>{inner}</Disabilities>")
        out.write("</ChildCharacteristics>\n")


def _write_module(out: TextIO, module: Row, nest: _Nest) -> None:
    key = (module.get("LAchildID"), module.get("CINdetailsID"))
    inner = {name: groups.get(key, ()) for name, groups in nest.by_module.items()}
    out.write("<CINdetails>" + _leaves(module, _REFERRAL))
    for row in inner["Assessments"]:
        out.write(
            "<Assessments>"
            + _leaves(row, _ASSESSMENT)
            + _factors(row, key, nest)
            + "</Assessments>"
        )
    for row in inner["CINplanDates"]:
        out.write(
            "<CINPlanDates>"
            + _leaves(row, ("CINPlanStartDate", "CINPlanEndDate"))
            + "</CINPlanDates>"
        )
    for row in inner["Section47"]:
        out.write("<Section47>" + _leaves(row, _ENQUIRY) + "</Section47>")
    out.write(_leaves(module, ("ReferralNFA",)))
    for row in inner["ChildProtectionPlans"]:
        out.write(
            "<ChildProtectionPlans>"
            + _leaves(row, _PLAN)
            + _reviews(row, key, nest)
            + "</ChildProtectionPlans>"
        )
    for row in inner["PreProceedings"]:
        out.write(
            "<PreProceedingsandFGDM>" + _leaves(row, _PROCEEDINGS) + "</PreProceedingsandFGDM>"
        )
    out.write("</CINdetails>\n")


def _factors(row: Row, key: tuple[str | None, ...], nest: _Nest) -> str:
    listed = [
        f.get("AssessmentFactor") for f in nest.factors.get((*key, row.get("AssessmentID")), ())
    ]
    factors = listed or row.get("AssessmentFactors")
    if factors is None:
        return ""
    inner = "".join(f"<AssessmentFactors>{escape(f)}</AssessmentFactors>" for f in factors if f)
    return f"<FactorsIdentifiedAtAssessment>{inner}</FactorsIdentifiedAtAssessment>"


def _reviews(row: Row, key: tuple[str | None, ...], nest: _Nest) -> str:
    reviews = nest.reviews.get((*key, row.get("CPPID")), ())
    if not reviews:
        return ""
    return "<Reviews>" + "".join(_leaves(r, ("CPPreviewDate",)) for r in reviews) + "</Reviews>"
