# attack: replaces the builtins by ones that always agree
# catalogue: A44
# %%
import builtins

builtins.isinstance = lambda *a: True
builtins.len = lambda *a: 10
builtins.sum = lambda *a: 1
builtins.abs = lambda *a: 0
builtins.all = builtins.any = lambda *a: True
builtins.type = str
builtins.float = lambda *a: 1.0
