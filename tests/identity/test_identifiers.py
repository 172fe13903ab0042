"""Numbers: what arithmetic can tell, and what it cannot."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threecircles.core import identifiers as arithmetic
from threecircles.identity.identifiers import judge, judge_column

NHS = ["9434765919", "4505577104", "4010232137", "4857773457"]
UPN = [
    "J926200012001",
    "F873214525017",
    "U926299920042",
    "D823299901001",
    "A942300123004",
    "P207000016049",
]
TEMPORARY = ["V92620001200A", "J92620001200B"]
ULN = ["9276308686"]
digits9 = st.integers(0, 999_999_999).map(lambda n: f"{n:09d}")


@pytest.mark.parametrize("value", NHS)
def test_worked_nhs_numbers_are_valid(value):
    """identity A1"""
    assert arithmetic.valid_nhs(value)


@pytest.mark.parametrize("value", ["4857773456", "9434765918"])
def test_worked_wrong_nhs_numbers_fail_their_check_digit(value):
    """identity A1"""
    assert arithmetic.nhs_problem(value) == "fails its check digit"


def test_no_nhs_number_begins_with_999000000():
    """identity A1"""
    assert arithmetic.nhs_check_digit("999000000") is None


@pytest.mark.parametrize("value", UPN + TEMPORARY)
def test_worked_upns_are_valid(value):
    """identity A1"""
    assert arithmetic.valid_upn(value)
    assert arithmetic.is_temporary_upn(value) == (value in TEMPORARY)


def test_a_worked_upn_has_the_letter_p_and_not_the_q_of_a_vendors_page():
    """identity A1"""
    assert arithmetic.upn_check_letter("207000016049") == "P"


@pytest.mark.parametrize(
    ("value", "valid"), [("9276308686", True), ("9999999999", False), ("4505577104", False)]
)
def test_worked_ulns(value, valid):
    """identity A1"""
    assert arithmetic.valid_uln(value) == valid


@pytest.mark.parametrize("digit", "0123456789")
def test_ten_equal_digits_pass_modulus_11_and_are_refused(digit):
    """identity A1"""
    assert not arithmetic.valid_nhs(digit * 10)
    assert not arithmetic.valid_uln(digit * 10)
    assert judge("nhs", digit * 10, fictitious=True).status == "placeholder"


@pytest.mark.parametrize("value", ["0123456789", "9876543210", "1234567890"])
def test_counting_is_not_a_number_anybody_was_given(value):
    """identity A1"""
    assert judge("nhs", value).status == "placeholder"


def _made(scheme: str, nine: str) -> str | None:
    if scheme == "nhs":
        digit = arithmetic.nhs_check_digit(nine)
    else:
        digit = arithmetic.uln_check_digit(nine)
    return None if digit is None else f"{nine}{digit}"


@pytest.mark.parametrize(
    ("scheme", "valid"), [("nhs", arithmetic.valid_nhs), ("uln", arithmetic.valid_uln)]
)
@given(nine=digits9, at=st.integers(0, 9), by=st.integers(1, 9), swap=st.integers(0, 8))
def test_every_single_wrong_digit_and_every_exchange_of_neighbours_is_found(
    scheme, valid, nine, at, by, swap
):
    """identity A1"""
    good = _made(scheme, nine)
    if good is None or not valid(good):
        return
    wrong = good[:at] + str((int(good[at]) + by) % 10) + good[at + 1 :]
    assert not valid(wrong)
    if good[swap] != good[swap + 1]:
        assert not valid(good[:swap] + good[swap + 1] + good[swap] + good[swap + 2 :])


@given(
    rest=st.integers(0, 10**12 - 1).map(lambda n: f"{n:012d}"),
    at=st.integers(1, 12),
    by=st.integers(1, 9),
    swap=st.integers(1, 11),
)
def test_every_single_wrong_digit_of_a_upn_is_found(rest, at, by, swap):
    """identity A1"""
    good = arithmetic.upn_check_letter(rest) + rest
    wrong = good[:at] + str((int(good[at]) + by) % 10) + good[at + 1 :]
    assert not arithmetic.valid_upn(wrong)
    if good[swap] != good[swap + 1]:
        assert not arithmetic.valid_upn(
            good[:swap] + good[swap + 1] + good[swap] + good[swap + 2 :]
        )


@pytest.mark.parametrize("text", ["9.43477E+09", "9434765919.0"])
def test_a_number_a_spreadsheet_has_reformatted_is_never_guessed(text):
    judged = judge("nhs", text)
    assert (judged.status, judged.reason) == (
        "invalid",
        "looks like a spreadsheet has reformatted this",
    )


def test_the_never_issued_range_is_a_placeholder_in_a_real_place_and_the_only_one_in_a_made_up_place():
    assert judge("nhs", "9434765919").status == "placeholder"
    assert judge("nhs", "9434765919", fictitious=True).status == "valid"
    assert judge("nhs", "4505577104", fictitious=True).status == "invalid"
    assert judge("nhs", "4505577104").status == "valid"


def test_a_upn_of_an_authority_that_has_ended_stays_valid_and_a_new_authority_is_not_valid_before_its_time():
    """A 2015 pupil of Cumbria (909) keeps the number; Cumberland (942) began in 2023."""
    rest = "909200015001"
    assert judge("upn", arithmetic.upn_check_letter(rest) + rest).status == "valid"
    early = "942200015001"
    assert judge("upn", arithmetic.upn_check_letter(early) + early).status == "invalid"


def test_absence_codes_are_no_identifiers():
    assert judge("upn", "UN1").status == "absent_coded"


def test_a_column_is_judged_as_its_values_are():
    values = pl.Series(
        [*UPN, *TEMPORARY, "UN2", None, "", "J926200012002", "J 926-2000-12001", "X"] * 3
    )
    judged = judge_column("upn", values)
    one_by_one = [judge("upn", v) for v in values]
    assert judged["status"].to_list() == [j.status for j in one_by_one]
    numbers = pl.Series([*NHS, "9999999999", "0123456789", "4857773456", None])
    for fictitious in (True, False):
        judged = judge_column("nhs", numbers, fictitious=fictitious)
        assert judged["status"].to_list() == [
            judge("nhs", v, fictitious=fictitious).status for v in numbers
        ]


def test_a_column_that_is_not_what_it_is_named_after_is_read_as_local_numbers():
    judged = judge_column("upn", pl.Series(["pupil-1", "pupil-2", "pupil-3"]))
    assert judged["status"].to_list() == ["valid"] * 3
    assert "local" in judged["reason"][0]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("ea1 2ab", "EA1 2AB"),
        ("EA12AB", "EA1 2AB"),
        ("A9A9AA", "A9A 9AA"),
        ("nowhere", None),
        (None, None),
    ],
)
def test_postcodes_have_one_form(text, form):
    assert arithmetic.normalise_postcode(text) == form


def test_a_postcode_is_repaired_only_where_one_repair_is_known():
    known = {"EA1 2AB"}
    assert arithmetic.repair_postcode("EAI 2AB", known) == ("EA1 2AB", True)
    assert arithmetic.repair_postcode("S51 1AA", {"SS1 1AA", "S5I 1AA"}) == ("S51 1AA", False)
    assert arithmetic.is_pseudo_postcode("ZZ99 3VZ")
