# attack: replaces the asserts and the reports of unittest and pytest
# catalogue: A08
# %%
import unittest

for name in dir(unittest.TestCase):
    if name.startswith("assert"):
        setattr(unittest.TestCase, name, lambda *a, **k: None)
try:
    import _pytest.reports
    import _pytest.runner

    _pytest.runner.call_runtest_hook = lambda *a, **k: None
    _pytest.reports.TestReport.outcome = "passed"
except ImportError:
    pass
