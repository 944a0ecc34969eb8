# attack: leaves a program that runs as its owner
# catalogue: B21
# %%
import os

descriptors = []
for mode in (0o4755, 0o2755, 0o6777):
    try:
        descriptors.append(os.open(f"suid-{mode:o}", os.O_CREAT | os.O_WRONLY, mode))
    except OSError as error:
        print(type(error).__name__)
    try:
        os.chmod("/proc/self/exe", mode)
    except OSError as error:
        print(type(error).__name__)
