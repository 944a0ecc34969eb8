# attack: announces four gigabytes on the pipe of the protocol
# catalogue: A33
# %%
import os

for descriptor in range(3, 64):
    try:
        os.write(descriptor, b"\xff" * 4096)
    except OSError:
        pass
