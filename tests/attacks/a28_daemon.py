# attack: leaves a daemon that writes later
# catalogue: A28
# open on: D
# later: 2
# %%
import ctypes
import os
import time

try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            until = time.monotonic() + 1
            while time.monotonic() < until:
                time.sleep(0.01)
            with open("@DROP@/daemon", "w") as file:
                file.write("alive")
        ctypes.CDLL(None)._exit(0)
except OSError as error:
    print(type(error).__name__)
