"""What it means that a check rejects a mutant."""

import pytest


def rejected(check, *arguments, **options):
    with pytest.raises(AssertionError):
        check(*arguments, **options)
