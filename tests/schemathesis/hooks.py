"""What Schemathesis cannot write by itself: rows, one a line."""
import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def rows(ctx, value):
    values = value if isinstance(value, list) else [value]
    return "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in values).encode("utf-8", "replace")
