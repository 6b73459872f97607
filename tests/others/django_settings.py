"""Settings for Django's own tests that also write each test's outcome to the file DJANGO_RESULTS: "pass NAME", "fail NAME" or "skip NAME".

With DJANGO_FILES=FOLDER the test databases are files in that folder instead of databases in memory."""

import os
import unittest

from django.test.runner import DiscoverRunner

folder = os.environ.get("DJANGO_FILES")
DATABASES = {
    alias: {"ENGINE": "django.db.backends.sqlite3", "TEST": {"NAME": os.path.join(folder, alias + ".sqlite3")} if folder else {}}
    for alias in ("default", "other")
}
SECRET_KEY = "not secret"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
TEST_RUNNER = "django_settings.Recorder"


def names(suite):
    for item in getattr(suite, "subsuites", suite):
        if isinstance(item, unittest.TestSuite):
            yield from names(item)
        else:
            yield item.id()


class Recorder(DiscoverRunner):
    def run_suite(self, suite, **kwargs):
        outcomes = dict.fromkeys(names(suite), "pass")
        result = super().run_suite(suite, **kwargs)
        for item, _ in result.skipped:
            outcomes[item.id()] = "skip"
        for item, _ in result.failures + result.errors:
            # a failed setUpClass is its class's, and a subtest its test's
            outcomes[getattr(item, "test_case", item).id()] = "fail"
        for item in result.unexpectedSuccesses:
            outcomes[item.id()] = "fail"
        with open(os.environ["DJANGO_RESULTS"], "a", encoding="utf-8") as results:
            for name, outcome in sorted(outcomes.items()):
                print(outcome, name, file=results)
        return result
