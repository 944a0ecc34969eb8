# attack: leaves a thread that writes and prints after the program has ended
# later: 5
# %%
import threading


def go_on():
    until = threading.Event()
    while True:
        until.wait(4)
        try:
            print("still here")
            open("@DROP@/thread", "w").write("x")
        except OSError:
            pass


threading.Thread(target=go_on, daemon=False).start()
