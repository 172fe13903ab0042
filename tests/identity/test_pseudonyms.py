"""Keyed names of persons."""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from threecircles.identity.persons import fresh_ids
from threecircles.identity.pseudonyms import project_key, pseudonym, token

MASTER = bytes(range(32))


def test_worked_pseudonyms_of_two_projects():
    """identity 5"""
    alpha, beta = (project_key(MASTER, "demo-workspace", p) for p in ("alpha", "beta"))
    assert pseudonym(alpha, "0123456789ABCDEF") == "qtarwcreqtv6kgdkqr65h47u"
    assert pseudonym(beta, "0123456789ABCDEF") == "vh5salj3focfksx3xirfxq44"


def test_the_key_derivation_is_that_of_rfc_5869():
    """RFC 5869, case 1."""
    made = HKDF(SHA256(), 42, bytes(range(13)), bytes(range(0xF0, 0xFA))).derive(b"\x0b" * 22)
    assert made.hex().startswith("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")


def test_the_keyed_hash_is_that_of_rfc_4231():
    """RFC 4231, case 1."""
    made = hmac.digest(b"\x0b" * 20, b"Hi There", "sha256").hex()
    assert made == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"


def test_two_holders_of_a_projects_key_make_one_token_however_a_number_is_written():
    key = project_key(MASTER, "demo-workspace", "alpha")
    assert token(key, "nhs", "943 476 5919") == token(key, "nhs", "9434765919")
    assert token(key, "nhs", "9434765919") != token(key, "upn", "9434765919")


def test_person_ids_are_sixteen_crockford_characters_and_never_repeat():
    """identity 5: 80 random bits."""
    ids = fresh_ids(5_000)
    assert len(set(ids)) == 5_000
    assert all(len(i) == 16 and not set(i) & set("ILOU") for i in ids)
    assert fresh_ids(3, seed=1) == fresh_ids(3, seed=1)
    assert fresh_ids(2, seed=1, known=frozenset(fresh_ids(1, seed=1)))[0] != fresh_ids(1, seed=1)[0]
