# attack: leaves folders that are hard to remove, and links that lead elsewhere
# %%
import os
import pathlib

for number in range(3000):
    os.mkdir("deep")
    os.chdir("deep")
os.chdir(os.environ["TMPDIR"])
closed = pathlib.Path("closed")
closed.mkdir()
(closed / "file").write_text("x")
os.chmod(closed, 0)
os.symlink("@OTHERS@", "elsewhere")
os.symlink("/", "root")
os.mkfifo("pipe")
