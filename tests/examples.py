"""How many examples a law is tried with."""

import hypothesis

ALL = 100

# No test is timed: a loaded machine makes none of them fail.
hypothesis.settings.register_profile("torvet", deadline=None, max_examples=ALL)
hypothesis.settings.register_profile("fast", deadline=None, max_examples=ALL // 5)
hypothesis.settings.load_profile("torvet")


def examples(number):
    """Return `number`, or its fifth in the run that a developer makes after every edit."""
    return max(3, number * hypothesis.settings().max_examples // ALL)
