"""Settings for Django's own tests that also write each test's outcome to the file DJANGO_RESULTS: "pass NAME", "fail NAME" or "skip NAME".

With DJANGO_FILES=FOLDER the test databases are files in that folder instead of databases in memory."""

import os

from django.test.runner import DiscoverRunner
from unittest_outcomes import outcomes_of

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


class Recorder(DiscoverRunner):
    def run_suite(self, suite, **kwargs):
        result, outcomes = outcomes_of(suite, lambda suite: super(Recorder, self).run_suite(suite, **kwargs))
        with open(os.environ["DJANGO_RESULTS"], "a", encoding="utf-8") as results:
            for name, outcome in outcomes.items():
                print(outcome, name, file=results)
        return result
