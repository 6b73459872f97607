"""The outcome of each test of a unittest suite, by its name: pass, fail or skip. A test that fails in a subtest has failed."""

import unittest


def names(suite):
    # Django's suite for several processes keeps its tests elsewhere.
    for item in getattr(suite, "subsuites", suite):
        if isinstance(item, unittest.TestSuite):
            yield from names(item)
        else:
            yield item.id()


def outcomes_of(suite, run):
    """Calls run(suite), which returns unittest's result; returns that and the outcomes, a dict in the order of the names."""
    outcomes = dict.fromkeys(sorted(names(suite)), "pass")
    result = run(suite)
    for item, _ in result.skipped:
        outcomes[item.id()] = "skip"
    for item, _ in result.failures + result.errors:
        # A failed setUpClass is its class's, and a subtest its test's.
        outcomes[getattr(item, "test_case", item).id()] = "fail"
    for item in result.unexpectedSuccesses:
        outcomes[item.id()] = "fail"
    return result, outcomes
