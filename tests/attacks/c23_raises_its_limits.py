# attack: raises its own limits
# %%
import resource

for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE"):
    try:
        resource.setrlimit(getattr(resource, name), (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if resource.getrlimit(getattr(resource, name))[0] == resource.RLIM_INFINITY:
            print("BREACH", name)
    except (ValueError, OSError) as error:
        print(type(error).__name__)
