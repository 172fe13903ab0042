"""Small returns that several tests share."""

import pytest


def tiny_cin():
    """Two children, one of them wrong in several ways."""
    return {
        "Header": [{"Year": "2026", "ReferenceDate": "2026-03-31", "LEA": "926"}],
        "ChildIdentifiers": [
            {"LAchildID": "a", "UPN": "A123456789123", "PersonBirthDate": "2015-06-01", "Sex": "F",
             "ExpectedPersonBirthDate": None, "PersonDeathDate": None, "UPNunknown": None, "FormerUPN": None},
            {"LAchildID": None, "UPN": "F120432113001", "PersonBirthDate": "2015-06-01", "Sex": "M",
             "ExpectedPersonBirthDate": None, "PersonDeathDate": None, "UPNunknown": None, "FormerUPN": None},
        ],
        "ChildCharacteristics": [{"LAchildID": "a", "Ethnicity": "WBRI"}],
        "Disabilities": [{"LAchildID": "a", "Disability": "XX"}],
        "CINdetails": [
            {"LAchildID": "a", "CINdetailsID": "1", "CINreferralDate": "2025-05-01", "ReferralSource": "1A",
             "PrimaryNeedCode": "N1", "CINclosureDate": None, "ReasonForClosure": None,
             "DateOfInitialCPC": None, "ReferralNFA": "0"},
        ],
        "ChildProtectionPlans": [
            {"LAchildID": "a", "CINdetailsID": "1", "CPPID": "1", "CPPstartDate": "2025-06-02",
             "CPPendDate": "2025-06-01", "InitialCategoryOfAbuse": "NEG", "LatestCategoryOfAbuse": "NEG",
             "NumberOfPreviousCPP": "0"},
        ],
        "Section47": [
            {"LAchildID": "a", "CINdetailsID": "1", "S47ActualStartDate": "2026-01-20",
             "InitialCPCtarget": "2026-02-07", "DateOfInitialCPC": None, "ICPCnotRequired": "1"},
        ],
    }  # fmt: skip


@pytest.fixture
def cin():
    return tiny_cin()


@pytest.fixture(scope="session")
def sound_place(tmp_path_factory):
    """The folder of a made-up place without errors."""
    from threecircles.synthetic import make

    return make("hamlet", tmp_path_factory.mktemp("places") / "hamlet", seed=1, errors="none")


@pytest.fixture(scope="session")
def agreeing_place(tmp_path_factory):
    """The folder of one in which all returns agree: the shipped profile, over a hamlet of four times the children."""
    from threecircles.synthetic import make
    from threecircles.synthetic.profile import HOME

    folder = tmp_path_factory.mktemp("agreeing")
    shipped = (HOME / "plans_recorded.yaml").read_text(encoding="utf-8")
    profile = folder / "large.yaml"
    profile.write_text(f"{shipped}\npeople: {{source: test, children: 1600}}\n", encoding="utf-8")
    return make("hamlet", folder / "place", seed=1, errors="none", profile=profile)


@pytest.fixture(scope="session")
def clean(agreeing_place):
    """The error-free returns of a made-up place as the checks across returns see them."""
    from tests.quality.planted import clean_tables

    return clean_tables(agreeing_place)
