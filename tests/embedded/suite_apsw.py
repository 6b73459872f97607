"""Runs the tests that the APSW wheel brings: without an argument prints their classes, with one runs that class, and writes
for each test "pass NAME" or "fail NAME" to the file results."""

import sys
import unittest

import apsw.tests.__main__ as tests

CLASSES = {name: value for name, value in vars(tests).items()
           if isinstance(value, type) and issubclass(value, unittest.TestCase) and unittest.defaultTestLoader.getTestCaseNames(value)}


class Recorder(unittest.TextTestResult):
    def startTest(self, test):
        self.bad = len(self.failures) + len(self.errors)
        super().startTest(test)
        # in case the test takes the process along
        self.tell("began", test)

    def stopTest(self, test):
        super().stopTest(test)
        self.tell("pass" if self.bad == len(self.failures) + len(self.errors) else "fail", test)

    @staticmethod
    def tell(what, test):
        with open(RESULTS, "a") as results:
            results.write(f"{what} {type(test).__name__}.{test._testMethodName}\n")


if len(sys.argv) == 1:
    print(*CLASSES, sep="\n")
else:
    RESULTS = sys.argv[2]
    tests.setup()
    # testConfig gives the process another default of mmap_size, which counts as the program's own setting: the library then leaves the
    # connections of all tests after it alone.
    names = sorted(unittest.defaultTestLoader.getTestCaseNames(CLASSES[sys.argv[1]]), key=lambda name: name == "testConfig")
    suite = unittest.TestSuite(map(CLASSES[sys.argv[1]], names))
    unittest.TextTestRunner(resultclass=Recorder).run(suite)
