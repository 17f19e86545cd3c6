"""The pages of the desk: a blueprint for each group, in a module of its own."""

from collections.abc import Sequence

from flask import Blueprint

from clients.desk.pages import (
    ask,
    asklists,
    deciding,
    find,
    hits,
    home,
    imports,
    log,
    members,
    notifying,
    officers,
    own,
    people,
    profile,
    proposals,
    records,
    releasing,
    requesting,
    signing,
    submit,
    traces,
    use,
)

BLUEPRINTS: Sequence[Blueprint] = (
    home.bp,
    ask.bp,
    asklists.bp,
    hits.bp,
    find.bp,
    log.bp,
    members.bp,
    signing.bp,
    own.bp,
    people.bp,
    submit.bp,
    imports.bp,
    profile.bp,
    use.bp,
    requesting.bp,
    deciding.bp,
    releasing.bp,
    proposals.bp,
    officers.bp,
    notifying.bp,
    records.bp,
    traces.bp,
)
