"""The pages of the desk: a blueprint for each group, in a module of its own."""

from collections.abc import Sequence

from flask import Blueprint

from clients.desk.pages import home, log, own, people, signing

BLUEPRINTS: Sequence[Blueprint] = (home.bp, log.bp, signing.bp, own.bp, people.bp)
