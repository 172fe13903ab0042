"""Agreements in a form other registers read: without it each council's list would be its own language."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from threecircles.definitions import read_csv
from threecircles.disclosure.agreements import Agreement

CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def json_ld(found: Iterable[Agreement]) -> str:
    """JSON-LD with ids of the Data Privacy Vocabulary; words of ours stay where it has none."""
    graph = [_node(a) for a in found]
    return json.dumps({"@context": CONTEXT, "@graph": graph}, indent=1, ensure_ascii=False)


def _node(a: Agreement) -> dict[str, Any]:
    known = {(r["kind"], r["ours"]): r["dpv"] for r in read_csv("agreements/vocabulary")}
    bases = (*a.lawful_basis, *a.special_category_condition)
    return {
        "@id": f"urn:three-circles:agreement:{a.id}",
        "@type": "dpv:DataProcessingAgreement" if any(p.role == "processor" for p in a.parties) else "dpv:DataSharingAgreement",
        "dct:title": a.label, "dct:description": a.description, "dct:type": a.kind,
        "dpv:hasEntity": [
            {"@id": f"urn:three-circles:party:{p.id}", "@type": known[("role", p.role)], "dct:title": p.label}
            for p in a.parties
        ],
        "dpv:hasPurpose": [{"@id": known.get(("purpose", p), f"urn:three-circles:purpose:{p}"), "dct:title": p} for p in a.purposes],
        "dpv:hasLegalBasis": [{"@id": known.get(("basis", b), f"urn:three-circles:basis:{b}")} for b in bases],
        "dpv:hasPersonalData": list(a.data_categories),
        "dpv:hasDataSubject": a.people_covered,
        "dpv:hasTechnicalOrganisationalMeasure": a.security_measures,
        "dpv:hasProhibition": [{"@id": f"urn:three-circles:purpose:{f}"} for f in a.forbids],
        "dct:requires": list(a.gateways), "dct:source": list(a.sources), "dct:accessRights": a.onward_sharing,
        "dct:valid": {"from": _day(a.starts), "until": _day(a.expires), "reviewBy": _day(a.review_by) if a.review_by else None},
        "dct:identifier": {"sha256": a.document_hash}, "status": a.status,
    }  # fmt: skip


def _day(day: object) -> dict[str, str]:
    return {"@value": str(day), "@type": "xsd:date"}
