"""What holds for every test: how hypothesis searches, and nothing else."""

import os

from hypothesis import settings

# No deadline: a busy machine is no defect, and nothing in this suite is judged by time. Where a commit is judged the
# search is the same every time, so that the verdict is about the commit; everywhere else it goes on searching.
settings.register_profile("search", deadline=None)
settings.register_profile("verdict", deadline=None, derandomize=True)
settings.load_profile("verdict" if os.environ.get("CI") else "search")
