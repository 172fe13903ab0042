"""People who are easily joined wrongly or lost: at most ten records each (identity A6)."""

from __future__ import annotations

ALONE: set[frozenset[str]] = set()


def pair(*ids: str) -> frozenset[str]:
    return frozenset(ids)


def test_twins_of_one_sex_keep_their_own_records(linked):
    """identity A6"""
    assert linked(
        school="""
            id | first | surname | born       | sex | postcode
            s1 | Amina | Khan    | 2014-05-03 | F   | EA1 1AA
            s2 | Sara  | Khan    | 2014-05-03 | F   | EA1 1AA""",
        health="""
            id | first | surname | born       | sex | postcode
            h1 | Amina | Khan    | 2014-05-03 | F   | EA1 1AA
            h2 | Sara  | Khan    | 2014-05-03 | F   | EA1 1AA""",
    ) == {pair("s1", "h1"), pair("s2", "h2")}


def test_twins_with_almost_one_name_keep_their_own_records(linked):
    """identity A6"""
    assert linked(
        school="""
            id | first  | surname | born       | sex | postcode
            s1 | Jayden | Cole    | 2014-05-03 | M   | EA1 1AA
            s2 | Hayden | Cole    | 2014-05-03 | M   | EA1 1AA""",
        health="""
            id | first  | surname | born       | sex | postcode
            h1 | Jayden | Cole    | 2014-05-03 | M   | EA1 1AA
            h2 | Hayden | Cole    | 2014-05-03 | M   | EA1 1AA""",
    ) == {pair("s1", "h1"), pair("s2", "h2")}


def test_triplets_keep_their_own_records(linked):
    """identity A6"""
    text = """
        id  | first | surname | born       | sex | postcode
        {0}1 | Adam  | Price   | 2016-02-11 | M   | EB2 2AA
        {0}2 | Alan  | Price   | 2016-02-11 | M   | EB2 2AA
        {0}3 | Owen  | Price   | 2016-02-11 | M   | EB2 2AA"""
    assert linked(school=text.format("s"), care=text.format("c")) == {
        pair(f"s{i}", f"c{i}") for i in (1, 2, 3)
    }


def test_a_twin_that_carries_the_others_number_is_not_joined_by_it(linked):
    """identity A6: one identifier changed over at birth."""
    groups = linked(
        school="""
            id | first | surname | born       | sex | postcode | upn
            s1 | Amina | Khan    | 2014-05-03 | F   | EA1 1AA  | B001201123003
            s2 | Sara  | Khan    | 2014-05-03 | F   | EA1 1AA  | F003393818002""",
        care="""
            id | first | surname | born       | sex | postcode | upn
            c1 | Amina | Khan    | 2014-05-03 | F   | EA1 1AA  | F003393818002""",
    )
    assert pair("s2", "c1") not in groups
    assert not any({"s2", "c1"} <= g for g in groups)


def test_one_number_on_one_birthday_under_two_names_is_an_alert_and_no_link(linked):
    """identity A6"""
    assert (
        linked(
            school="""
            id | first | surname | born       | sex | upn
            s1 | Amina | Khan    | 2014-05-03 | F   | B001201123003""",
            care="""
            id | first  | surname | born       | sex | upn
            c1 | Zoltan | Khan    | 2014-05-03 | F   | B001201123003""",
        )
        == ALONE
    )
    edges = linked.result.link_edge
    assert edges["rule"].to_list() == ["twin-swap-alert"]
    assert edges["band"].to_list() == ["review"]


def test_brothers_and_sisters_stay_two(linked):
    """identity A6"""
    assert (
        linked(
            school="""
            id | first | surname | born       | sex | postcode
            s1 | Leo   | Webb    | 2013-01-20 | M   | EC3 3AA""",
            health="""
            id | first | surname | born       | sex | postcode
            h1 | Noah  | Webb    | 2015-06-02 | M   | EC3 3AA""",
        )
        == ALONE
    )


def test_half_siblings_with_another_surname_stay_two(linked):
    """identity A6"""
    assert linked(
        school="""
            id | first | surname | born       | sex | postcode
            s1 | Leo   | Webb    | 2013-01-20 | M   | EC3 3AA
            s2 | Leona | Frost   | 2014-03-11 | F   | EC3 3AA""",
        health="""
            id | first | surname | born       | sex | postcode
            h1 | Leona | Frost   | 2014-03-11 | F   | EC3 3AA
            h2 | Leo   | Webb    | 2013-01-20 | M   | EC3 3AA""",
    ) == {pair("s1", "h2"), pair("s2", "h1")}


def test_cousins_of_one_name_at_two_addresses_stay_two(linked):
    """identity A6"""
    assert (
        linked(
            school="""
            id | first   | surname | born       | sex | postcode
            s1 | Mohamed | Ali     | 2012-04-09 | M   | EA4 4AA""",
            health="""
            id | first   | surname | born       | sex | postcode
            h1 | Mohamed | Ali     | 2012-11-23 | M   | EB9 9BB""",
        )
        == ALONE
    )


def test_father_and_son_of_one_name_and_home_stay_two(linked):
    """identity A6"""
    assert (
        linked(
            school="""
            id | first | surname | born       | sex | postcode
            s1 | James | Holt    | 2018-09-14 | M   | EA5 5AA""",
            care="""
            id | first | surname | born       | sex | postcode
            c1 | James | Holt    | 2001-02-03 | M   | EA5 5AA""",
        )
        == ALONE
    )


def test_children_of_one_residential_home_stay_apart(linked):
    """identity A6: a placement's postcode is shared by many."""
    assert linked(
        care="""
            id | first  | surname | born       | sex | postcode
            c1 | Kai    | Reed    | 2010-03-02 | M   | ED7 7AA
            c2 | Tyler  | Stone   | 2010-03-02 | M   | ED7 7AA
            c3 | Jordan | Marsh   | 2011-08-19 | M   | ED7 7AA""",
        youth="""
            id | first  | surname | born       | sex | postcode
            y1 | Tyler  | Stone   | 2010-03-02 | M   | ED7 7AA
            y2 | Jordan | Marsh   | 2011-08-19 | M   | ED7 7AA""",
    ) == {pair("c2", "y1"), pair("c3", "y2")}


def test_a_child_under_mothers_and_then_stepfathers_name_is_one(linked):
    """identity A6"""
    assert linked(
        school="""
            id | first    | surname  | born       | sex | postcode
            s1 | Meredith | Ashworth | 2011-12-06 | F   | EA6 6AA""",
        health="""
            id | first    | surname | born       | sex | postcode
            h1 | Meredith | Duggan  | 2011-12-06 | F   | EA6 6AA""",
    ) == {pair("s1", "h1")}


def test_a_double_name_and_its_half_are_one_child(linked):
    """identity A6: parents changing names."""
    assert linked(
        school="""
            id | first | surname      | born       | sex | postcode
            s1 | Ffion | Pugh-Vaughan | 2011-12-06 | F   | EA6 6AA""",
        health="""
            id | first | surname | born       | sex | postcode
            h1 | Ffion | Vaughan | 2011-12-06 | F   | EB6 6AA""",
    ) == {pair("s1", "h1")}


def test_a_child_with_many_addresses_is_one_by_its_number(linked):
    """identity A6: Gypsy, Roma and Traveller children."""
    assert linked(
        school="""
            id | first    | surname | born       | sex | postcode | upn
            s1 | Margaret | Doran   | 2012-07-07 | F   | EA1 1AA  | B001201123003""",
        care="""
            id | first | surname | born       | sex | postcode | upn
            c1 | Peggy | Doran   | 2012-07-07 | F   | ED8 8BB  | B001201123003""",
    ) == {pair("s1", "c1")}


def test_a_child_whose_sex_marker_changed_is_one(linked):
    """identity A6: a changed marker is not a conflict."""
    assert linked(
        school="""
            id | first | surname  | born       | sex | postcode | upn
            s1 | Robin | Fairfax  | 2010-10-10 | M   | EA1 1AB  | B001201123003""",
        care="""
            id | first | surname  | born       | sex | postcode | upn
            c1 | Robin | Fairfax  | 2010-10-10 | F   | EA1 1AB  | B001201123003""",
    ) == {pair("s1", "c1")}


def test_unaccompanied_children_with_assessed_birthdays_are_not_joined_by_the_first_of_january(
    linked,
):
    """identity A6"""
    assert linked(
        care="""
            id | first | surname | born       | sex
            c1 | Abdul | Rahimi  | 2009-01-01 | M
            c2 | Yonas | Tesfay  | 2009-01-01 | M""",
        school="""
            id | first | surname | born       | sex
            s1 | Yonas | Tesfay  | 2009-01-01 | M
            s2 | Samir | Rahimi  | 2009-01-01 | M""",
    ) == {pair("c2", "s1")}


def test_names_changed_over_cost_nothing(linked):
    """identity 3: surname-first traditions."""
    assert linked(
        school="""
            id | first | surname | born       | sex | postcode
            s1 | Minh  | Nguyen  | 2012-02-28 | M   | EA2 2BB""",
        health="""
            id | first  | surname | born       | sex | postcode
            h1 | Nguyen | Minh    | 2012-02-28 | M   | EA2 2BB""",
    ) == {pair("s1", "h1")}


def test_an_unborn_child_is_none_of_those_born_before_and_is_the_one_born_when_it_was_expected(
    linked,
):
    """identity A6: expected births are linked only to a birth 30 days before to nine months after."""
    assert linked(
        care="""
            id | first  | surname | born       | postcode | expected
            c1 | Unborn | Okoro   |            | EA1 1AA  | 2025-09-01
            c2 | Emma   | Okoro   | 2019-02-03 | EA1 1AA  |
        """,
        health="""
            id | first | surname | born       | postcode | nhs
            h1 | Ada   | Okoro   | 2025-09-10 | EA1 1AA  | 9434765919
            h2 | Ngozi | Okoro   | 2017-06-10 | EA1 1AA  | 9434765870
            h3 | Emma  | Okoro   | 2019-02-03 | EA1 1AA  |""",
    ) == {pair("c1", "h1"), pair("c2", "h3")}


def test_a_child_who_died_and_the_one_who_was_given_its_name_are_two(linked):
    """identity A6: a child who dies stays one person, and is not taken for the one born later."""
    assert linked(
        health="""
            id | first | surname | born       | sex | postcode
            h1 | Grace | Mensah  | 2015-04-02 | F   | EA1 1AA
            h2 | Grace | Mensah  | 2017-11-20 | F   | EA1 1AA""",
        care="""
            id | first | surname | born       | sex | postcode
            c1 | Grace | Mensah  | 2015-04-02 | F   | EA1 1AA""",
        school="""
            id | first | surname | born       | sex | postcode
            s1 | Grace | Mensah  | 2017-11-20 | F   | EA1 1AA""",
    ) == {pair("h1", "c1"), pair("h2", "s1")}


def test_a_given_name_of_two_parts_that_stands_in_the_surname_is_one_child(linked):
    """identity A6, specification 3: surname-first traditions; a swap costs nothing, whatever the address says."""
    groups = linked(
        school="""
            id | first  | surname | born       | sex | postcode
            s1 | Hao Ran | Wang   | 2013-07-21 | F   | EA1 1AA
            s2 | Bo Wen | Leung   | 2018-10-20 | M   | EB2 2AA
            s3 | Olivia | Marsh   | 2013-07-21 | F   | EC3 3AA""",
        health="""
            id | first  | surname | born       | sex | postcode
            h1 | Wang   | Hao Ran | 2013-07-21 | F   | ED4 4AA
            h2 | Leung  | Bo Wen  | 2018-10-20 | M   | EB2 2AA""",
    )
    assert groups == {pair("s1", "h1"), pair("s2", "h2")}


def test_a_letter_left_out_of_a_name_of_three_is_no_other_name(linked):
    """identity A6: one number and one birthday under Jun and Jn is no alert of exchanged twins."""
    groups = linked(
        school="""
            id | first | surname | born       | sex | postcode | upn
            s1 | Jun   | Chen    | 2014-05-03 | M   | EA1 1AA  | B001201123003""",
        care="""
            id | first | surname | born       | sex | postcode | upn
            c1 | Jn    | Chen    | 2014-05-03 | M   | ED4 4AA  | B001201123003""",
    )
    assert groups == {pair("s1", "c1")}
