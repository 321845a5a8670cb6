"""Which software computed a result: stored with every model and printed in every report."""

import platform
from importlib.metadata import PackageNotFoundError, version

LEARNING_PACKAGES = ("numpy", "scipy", "scikit-learn", "xgboost", "xgboost-cpu", "skops")


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the learning libraries that are installed."""
    found = {"python": platform.python_version()}
    for package in LEARNING_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
