"""The table of VM sizes: what it knows, and what it says of what it does not know."""

import pytest

from amlkit import vmsizes
from amlkit.vmsizes import VmSize


@pytest.mark.parametrize(
    "size",
    [
        VmSize("Standard_DS3_v2", 4, "standardDSv2Family"),
        VmSize("Standard_D15_v2", 20, "standardDv2Family"),
        VmSize("Standard_A4m_v2", 4, "standardAv2Family"),
        VmSize("Standard_E96as_v4", 96, "standardEASv4Family"),
        VmSize("Standard_M128ms", 128, "standardMSFamily"),
        VmSize("Standard_HB120rs_v3", 120, "standardHBv3Family"),
        VmSize("Standard_NC24rs_v3", 24, "standardNCSv3Family", 4, "V100"),
        VmSize("Standard_NC64as_T4_v3", 64, "standardNCASv3_T4Family", 4, "T4"),
        VmSize("Standard_NC12_Promo", 12, "standardNCPromoFamily", 2, "K80", low_priority=False),
        VmSize("Standard_ND96amsr_A100_v4", 96, "standardNDAMSv4_A100Family", 8, "A100"),
        VmSize("Standard_NC80adis_H100_v5", 80, "standardNCadsH100v5Family", 2, "H100"),
    ],
    ids=lambda size: size.name,
)
def test_a_size_is_found_in_any_case_with_its_facts(size):
    assert vmsizes.find(size.name) == vmsizes.find(size.name.upper()) == size


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("Standard_DS3v2", "Standard_DS3_v2"),
        ("DS3_v2", "Standard_DS3_v2"),
        ("Standard_NC6_v3", "Standard_NC6s_v3"),
        ("Standard_D4s_v33", "Standard_D4s_v3"),
        ("standard_nd96amsr_v4", "Standard_ND96amsr_A100_v4"),
    ],
)
def test_a_misspelt_size_is_answered_with_the_one_that_was_meant(wrong, meant):
    assert vmsizes.find(wrong) is None
    assert meant in vmsizes.close(wrong)


def test_what_is_like_nothing_has_no_close_match():
    assert vmsizes.close("my own server") == []
