# attack: leaves with status 0 before anything is asked
# catalogue: A03
# %%
import sys

sys.exit(0)
