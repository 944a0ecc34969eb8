# attack: writes a perfect report where the report will be, then ends
# catalogue: A05
# %%
import ctypes
import pathlib

for name in ("report.json", "report.html", "junit.xml"):
    try:
        pathlib.Path("@OUT@", name).write_text('{"score": {"points": 100.0, "max_points": 100.0}}')
    except OSError:
        pass
ctypes.CDLL(None)._exit(0)
