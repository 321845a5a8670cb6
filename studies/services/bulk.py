"""Inserting thousands of rows: what `bulk_create` does, without compiling every value into the statement.

Measured on 10,000 imported patients, `bulk_create` took two thirds of the whole import.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

BATCH = 2000
PLAIN = (
    models.CharField, models.TextField, models.IntegerField, models.FloatField, models.BooleanField,
)  # fmt: skip
"""Fields whose values the database takes as they are."""


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model. Values must be of the field's own type; dates of creation are set here.

    Rows of a model without automatic key only: a database's own keys are not read back.
    """
    if not rows:
        return
    fields = [field for field in rows[0]._meta.concrete_fields if not isinstance(field, models.AutoField)]
    now = timezone.now()
    for row in rows:
        for field in fields:
            if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
                setattr(row, field.attname, now)
        row._state.adding = False
    database = connections[DEFAULT_DB_ALIAS]
    getters = [(field.attname, _converter(field, database)) for field in fields]
    quote = database.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    holes = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {quote(rows[0]._meta.db_table)} ({columns}) VALUES ({holes})"  # noqa: S608 - names of columns
    with database.cursor() as cursor:
        for start in range(0, len(rows), BATCH):
            values = [
                [get(getattr(row, name)) for name, get in getters] for row in rows[start : start + BATCH]
            ]
            cursor.executemany(sql, values)


def _converter(field: models.Field, database: BaseDatabaseWrapper) -> Callable[[Any], Any]:
    """How a value of this field is handed to the database."""
    target = field.target_field if field.is_relation else field
    if isinstance(target, models.UUIDField):
        native = database.features.has_native_uuid_field
        return lambda value: value if native or value is None else value.hex
    if isinstance(target, models.DateTimeField):
        return lru_cache(maxsize=4)(lambda value: target.get_db_prep_save(value, database))
    if isinstance(target, PLAIN):
        return lambda value: value
    return lambda value: value if value is None else target.get_db_prep_save(value, database)
