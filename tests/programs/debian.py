"""Sources of Debian, fetched by hand or by .ci/run."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

from tests.programs.program import ProgramMissing

VARIABLE = "WELDCHECK_DEBIAN_SOURCES"


def debian_source(
    package: str, folder: Path, is_wanted: Callable[[str], bool] = lambda name: True
) -> Path:
    """A folder with the sources of a Debian source package, unpacked in `folder`.

    Of a large package only the files whose names in the archive are wanted.

    Raises:
        ProgramMissing: the variable WELDCHECK_DEBIAN_SOURCES does not name a folder that has them.
    """
    where = os.environ.get(VARIABLE)
    if not where:
        raise ProgramMissing(f"{VARIABLE} names no folder (apt-get source {package})")
    archives = sorted(Path(where).glob(f"{package}_*.orig.tar.*[!c]"))
    if not archives:
        raise ProgramMissing(f"{VARIABLE}: no {package}_*.orig.tar.* in {where}")
    place = folder / package
    with tarfile.open(archives[0]) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # from Python 3.11.4 on
        tar.extractall(place, (m for m in tar if is_wanted(m.name)))
    return next(place.iterdir())
