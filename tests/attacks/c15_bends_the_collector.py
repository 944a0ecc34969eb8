# attack: bends the collector in its own process
# %%
import gc
import sys

for name, module in list(sys.modules.items()):
    if name.startswith("grader.") and module is not None:
        for key, value in list(vars(module).items()):
            if callable(value) and not key.startswith("__"):
                try:
                    setattr(module, key, lambda *a, **k: None)
                except (AttributeError, TypeError):
                    pass
gc.unfreeze()
for thing in gc.get_objects():
    if type(thing).__module__.startswith("grader."):
        for key in list(getattr(thing, "__dict__", {})):
            try:
                setattr(thing, key, None)
            except (AttributeError, TypeError):
                pass
