"""Which versions are supported: « les deux versions produits les plus récentes »."""

from datetime import date
from enum import StrEnum

from libs.messages.plan import ProductVersions

SUPPORTED_MAJORS = 2


class VersionSupport(StrEnum):
    """What the version of a ticket's product means for its cover."""

    SUPPORTED = "supported"
    UNKNOWN = "unknown"
    """Covered, and marked for the agent: no version was named, or one that the plan does not list yet."""
    TOO_OLD = "too-old"


def version_support(product: ProductVersions, version: str | None, on: date) -> VersionSupport:
    """Judge a version by the major versions that were out on a local day, that of the ticket's opening."""
    released = {_major(release.version) for release in product.releases if release.released_on <= on}
    newest = sorted(released, reverse=True)[:SUPPORTED_MAJORS]
    if version is None or len(newest) < SUPPORTED_MAJORS:
        return VersionSupport.SUPPORTED if version and _major(version) in newest else VersionSupport.UNKNOWN
    if _major(version) in newest:
        return VersionSupport.SUPPORTED
    return VersionSupport.TOO_OLD if _major(version) < min(newest) else VersionSupport.UNKNOWN


def _major(version: str) -> int:
    return int(version.partition(".")[0])
