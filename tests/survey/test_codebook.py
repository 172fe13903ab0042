"""The codebook keeps to DDI-Codebook 2.5: other archives would refuse it otherwise (survey A9).

The schema is not part of the house. THREECIRCLES_DDI_SCHEMA names its codebook.xsd where it is supplied;
without it the order of elements and the attributes of the standard's documentation are tried.
"""

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from threecircles.survey.exports import DDI, write_ddi
from threecircles.survey.forms import flat
from threecircles.survey.questionnaire import questionnaire

FORMS = ("pupils_9_11", "pupils_11_16_bolt_ons", "parents_0_8", "leaving_care_16_25")
ORDER = {
    "codeBook": "docDscr stdyDscr fileDscr dataDscr otherMat",
    "stdyDscr": "citation stdyInfo method dataAccs otherStdyMat",
    "citation": "titlStmt rspStmt prodStmt distStmt serStmt verStmt biblCit holdings notes",
    "titlStmt": "titl subTitl altTitl parTitl IDNo",
    "fileDscr": "fileTxt locMap notes",
    "fileTxt": "fileName fileCitation dataFingerprint fileCont fileStrc dimensns fileType format filePlac dataChck ProcStat dataMsng software verStmt",
    "dimensns": "caseQnty varQnty logRecL recPrCas recNumTot",
    "dataDscr": "varGrp nCubeGrp var nCube notes",
    "var": "location labl imputation security embargo respUnit anlysUnit qstn valrng invalrng undocCod universe TotlResp sumStat txt stdCatgry catgryGrp catgry codInstr verStmt concept derivation varFormat geoMap catLevel notes",
    "qstn": "preQTxt qstnLit postQTxt forward backward ivuInstr",
    "catgry": "catValu labl txt catStat mrow",
}  # fmt: skip
NEEDED = {"stdyDscr": "citation", "citation": "titlStmt", "titlStmt": "titl", "var": "labl"}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
ATTRIBUTES = {
    "codeBook": {"version", "ID"}, "fileDscr": {"ID"}, "var": {"ID", "name", "files", "intrvl"},
    "catgry": {"missing"}, "varFormat": {"type"}, "qstnLit": {XML_LANG},
}  # fmt: skip
ALLOWED = {
    "intrvl": {"contin", "discrete"}, "missing": {"Y", "N"}, "type": {"numeric", "character"}, "version": {"2.5"},
}  # fmt: skip


def faults(root):
    """Where a codebook leaves the order, the attributes or the identifiers of the standard."""
    found, ids, used = [], [], []
    for element in root.iter():
        space, _, name = element.tag[1:].partition("}")
        if space != DDI:
            found.append(f"{element.tag} is not of the standard")
        children = [c.tag.partition("}")[2] for c in element]
        if name in ORDER:
            order = ORDER[name].split()
            found += [f"{name} holds {c}" for c in children if c not in order]
            places = [order.index(c) for c in children if c in order]
            if places != sorted(places):
                found.append(f"{name} holds {children} out of order")
            if name in NEEDED and NEEDED[name] not in children:
                found.append(f"{name} lacks {NEEDED[name]}")
        elif children:
            found.append(f"{name} holds {children}")
        found += [f"{name} has {a}" for a in element.attrib if a not in ATTRIBUTES.get(name, ())]
        for attribute, values in ALLOWED.items():
            if element.get(attribute, next(iter(values))) not in values:
                found.append(f"{name}: {attribute} is {element.get(attribute)}")
        ids += [element.get("ID")] if element.get("ID") else []
        used += (element.get("files") or "").split()
    found += [f"{i} stands twice" for i in ids if ids.count(i) > 1]
    found += [f"{i} is no name" for i in ids if not i.replace("_", "a").isidentifier()]
    return found + [f"no file {f}" for f in used if f not in ids]


@pytest.mark.parametrize("name", FORMS)
def test_a_codebook_keeps_the_order_and_attributes_of_the_standard(name, tmp_path):
    "A9: DDI-Codebook 2.5, without its schema."
    form = flat(questionnaire(name))
    root = ElementTree.parse(write_ddi(form, tmp_path / "codebook.xml", cases=12)).getroot()
    assert faults(root) == []
    assert len(root.findall(f".//{{{DDI}}}var")) == len(form.items)


def test_a_codebook_out_of_order_is_seen(tmp_path):
    "Else the test above could not fail."
    path = write_ddi(flat(questionnaire("pupils_9_11")), tmp_path / "codebook.xml")
    root = ElementTree.parse(path).getroot()
    variable = root.find(f".//{{{DDI}}}var")
    variable.insert(0, variable.find(f"{{{DDI}}}varFormat"))
    variable.set("kind", "x")
    variable.find(f"{{{DDI}}}catgry").set("missing", "yes")
    assert len(faults(root)) == 3


@pytest.mark.parametrize("name", FORMS)
def test_a_codebook_is_valid_by_the_schema_where_it_is_supplied(name, tmp_path):
    "A9: validates against the 2.5 schema when supplied."
    schema = os.environ.get("THREECIRCLES_DDI_SCHEMA", "")
    if not Path(schema).is_file():
        pytest.skip("no DDI schema to try: set THREECIRCLES_DDI_SCHEMA to its codebook.xsd")
    etree = pytest.importorskip("lxml.etree")
    path = write_ddi(flat(questionnaire(name)), tmp_path / "codebook.xml", cases=12)
    rules = etree.XMLSchema(etree.parse(schema))
    assert rules.validate(etree.parse(str(path))), str(rules.error_log)[:2000]
