"""The virtual machine sizes that Azure ML's managed compute knows: cores, family of quota, GPUs, low priority.

A table of facts, for checks that need no connection. Used by `amlkit.infra` (clusters and instances). Sources:

- which series: Microsoft's page "What are compute targets in Azure Machine Learning", section "Supported VM series and
  sizes", and the families that Azure ML's quota (`…/locations/{location}/usages`) lists beside those
- sizes and cores of a series: Azure's list of compute SKUs; names of families are those of the quota
- low priority: Azure's rule for spot machines, which promotional sizes never are

Azure adds sizes all the time. What is missing here is refused with close matches; `vm_size_check=False` lets it pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from .errors import near


@dataclass(frozen=True)
class VmSize:
    """One size. `family` is the name that its quota of dedicated cores goes by; `gpu` the model, "" without one."""

    name: str
    cores: int
    family: str
    gpus: int = 0
    gpu: str = ""
    low_priority: bool = True


# family, GPU model, pattern of the names; then for each size what stands for `#`, its cores if `#` is not that number
# alone, and its GPUs
_CPU = """
standardDFamily      D#        1:1 2:2 3:4 4:8 11:2 12:4 13:8 14:16
standardDv2Family    D#_v2     1:1 2:2 3:4 4:8 5:16 11:2 12:4 13:8 14:16 15:20
standardDSv2Family   DS#_v2    1:1 2:2 3:4 4:8 5:16 11:2 12:4 13:8 14:16 15:20
standardAv2Family    A#_v2     1:1 2:2 4:4 8:8 2m:2 4m:4 8m:8
standardDv3Family    D#_v3     2 4 8 16 32 48 64
standardDSv3Family   D#s_v3    2 4 8 16 32 48 64
standardDAv4Family   D#a_v4    2 4 8 16 32 48 64 96
standardDASv4Family  D#as_v4   2 4 8 16 32 48 64 96
standardDDv4Family   D#d_v4    2 4 8 16 32 48 64
standardDDSv4Family  D#ds_v4   2 4 8 16 32 48 64
standardDDv5Family   D#d_v5    2 4 8 16 32 48 64 96
standardDDSv5Family  D#ds_v5   2 4 8 16 32 48 64 96
standardDADSv5Family D#ads_v5  2 4 8 16 32 48 64 96
standardEv3Family    E#_v3     2 4 8 16 20 32 48 64
standardESv3Family   E#s_v3    2 4 8 16 20 32 48 64
standardEAv4Family   E#a_v4    2 4 8 16 20 32 48 64 96
standardEASv4Family  E#as_v4   2 4 8 16 20 32 48 64 96
standardEDv4Family   E#d_v4    2 4 8 16 20 32 48 64
standardEDSv4Family  E#ds_v4   2 4 8 16 20 32 48 64
standardEDv5Family   E#d_v5    2 4 8 16 20 32 48 64 96
standardEDSv5Family  E#ds_v5   2 4 8 16 20 32 48 64 96
standardEADSv5Family E#ads_v5  2 4 8 16 20 32 48 64 96
standardEBDSv5Family E#bds_v5  2 4 8 16 32 48 64
standardMSFamily     M#        8ms:8 16ms:16 32ts:32 32ls:32 32ms:32 64:64 64m:64 64ls:64 64s:64 64ms:64
standardMSFamily     M#        128:128 128m:128 128s:128 128ms:128
standardFSv2Family   F#s_v2    2 4 8 16 32 48 64 72
standardFXMDVSFamily FX#mds    4 12 24 36 48
standardLSv2Family   L#s_v2    8 16 32 48 64 80
standardHFamily      H#        8:8 16:16 8m:8 16m:16 16r:16 16mr:16
standardHBSFamily    HB#rs     60
standardHBrsv2Family HB#rs_v2  120
standardHBv3Family   HB#rs_v3  120
standardHCSFamily    HC#rs     44
"""
_GPU = """
standardNCFamily                 K80  NC#              6:6:1 12:12:2 24:24:4 24r:24:4
standardNCPromoFamily            K80  NC#_Promo        6:6:1 12:12:2 24:24:4 24r:24:4
standardNCSv2Family              P100 NC#_v2           6s:6:1 12s:12:2 24s:24:4 24rs:24:4
standardNCSv3Family              V100 NC#_v3           6s:6:1 12s:12:2 24s:24:4 24rs:24:4
standardNCASv3_T4Family          T4   NC#as_T4_v3      4:4:1 8:8:1 16:16:1 64:64:4
standardNCADSA100v4Family        A100 NC#ads_A100_v4   24:24:1 48:48:2 96:96:4
standardNCadsH100v5Family        H100 NC#_H100_v5      40ads:40:1 80adis:80:2
standardNDSFamily                P40  ND#              6s:6:1 12s:12:2 24s:24:4 24rs:24:4
standardNDSv2Family              V100 ND#_v2           40rs:40:8
standardNDASv4_A100Family        A100 ND#_v4           96asr:96:8
standardNDAMSv4_A100Family       A100 ND#_A100_v4      96amsr:96:8
standardNDSH100v5Family          H100 ND#_H100_v5      96isr:96:8
standardNVFamily                 M60  NV#              6:6:1 12:12:2 24:24:4
standardNVSv3Family              M60  NV#_v3           12s:12:1 24s:24:2 48s:48:4
standardNVADSA10v5Family         A10  NV#_A10_v5       6ads:6:1 12ads:12:1 18ads:18:1 36ads:36:1 36adms:36:1 72ads:72:2
"""


def find(name: str) -> VmSize | None:
    """The size of that name, which is compared without case, as Azure does; None: not in the table."""
    return _table().get(name.lower())


def every() -> list[VmSize]:
    """All sizes of the table."""
    return list(_table().values())


def close(name: str) -> list[str]:
    """The names that are spelt most like this one, the nearest first; at most three."""
    names = {each.removeprefix("standard_"): size.name for each, size in _table().items()}
    return [names[each] for each in near(name.lower().removeprefix("standard_"), names, 3)]


@cache
def _table() -> Mapping[str, VmSize]:
    return {size.name.lower(): size for size in (*_rows(_CPU, False), *_rows(_GPU, True))}


def _rows(text: str, has_gpu: bool) -> Iterator[VmSize]:
    for line in text.strip().splitlines():
        family, *rest = line.split()
        gpu = rest.pop(0) if has_gpu else ""
        pattern, *entries = rest
        for entry in entries:
            part, _, counts = entry.partition(":")
            cores, _, gpus = (counts or part).partition(":")
            name, spot = f"Standard_{pattern.replace('#', part)}", not pattern.endswith("_Promo")
            yield VmSize(name, int(cores), family, int(gpus or 0), gpu, spot)
