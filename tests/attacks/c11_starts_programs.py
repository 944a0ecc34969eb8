# attack: starts other programs in every way there is
# open on: D
# %%
import ctypes
import os
import subprocess

for start in (
    lambda: subprocess.run(["/bin/sh", "-c", "echo x > @DROP@/program"], check=True),
    lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "echo x > @DROP@/spawned"], {}),
    lambda: os.execv("/bin/sh", ["sh", "-c", "echo x > @DROP@/exec"]),
):
    try:
        start()
        print("BREACH program")
        break
    except OSError as error:
        print(type(error).__name__)
