"""Imported tables, and their rows as written (append-only); status of receptors, edition of the staging."""

import importlib
from functools import partial

import django.db.models.deletion
import studies.models.imports
import uuid
from django.conf import settings
from django.db import migrations, models


append_only = importlib.import_module("studies.migrations.0002_append_only")
TABLES = ["studies_sourcerow"]
create_triggers = partial(append_only.create_triggers, tables=TABLES)
drop_triggers = partial(append_only.drop_triggers, tables=TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ('studies', '0007_newcomer_rule'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='clinicalrecord',
            name='er_status',
            field=models.CharField(blank=True, choices=[('positive', 'positive'), ('negative', 'negative')], default='', max_length=8, verbose_name='ER status'),
        ),
        migrations.AddField(
            model_name='clinicalrecord',
            name='pr_status',
            field=models.CharField(blank=True, choices=[('positive', 'positive'), ('negative', 'negative')], default='', max_length=8, verbose_name='PR status'),
        ),
        migrations.AddField(
            model_name='clinicalrecord',
            name='staging_edition',
            field=models.CharField(blank=True, choices=[('7', '7th edition'), ('8', '8th edition')], default='', max_length=1, verbose_name='AJCC edition of cT, cN, cTNM'),
        ),
        migrations.CreateModel(
            name='TableImport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('status', models.CharField(choices=[('mapping', 'waits for the check'), ('checking', 'being checked'), ('checked', 'checked'), ('applying', 'being imported'), ('applied', 'imported'), ('discarded', 'discarded')], default='mapping', max_length=10)),
                ('spool', models.FileField(blank=True, upload_to=studies.models.imports.spool_path)),
                ('sha256', models.CharField(max_length=64)),
                ('size_bytes', models.PositiveBigIntegerField()),
                ('encoding', models.CharField(default='utf-8', max_length=10)),
                ('columns', models.JSONField(default=list)),
                ('examples', models.JSONField(blank=True, default=dict, help_text='Column to its first texts; none of columns that name a person.')),
                ('n_rows', models.PositiveIntegerField(default=0)),
                ('mapping', models.JSONField(blank=True, default=dict, help_text='Column to target, keep or drop.')),
                ('default_site', models.CharField(blank=True, max_length=32)),
                ('default_specimen', models.CharField(blank=True, default='excision', max_length=12)),
                ('mode', models.CharField(choices=[('all', 'all rows or none'), ('good', 'good rows only')], default='all', max_length=4)),
                ('on_conflict', models.CharField(choices=[('replace', 'the table replaces what is stored'), ('ask', 'what is stored stays, and a query asks')], default='replace', max_length=7)),
                ('n_done', models.PositiveIntegerField(default=0, help_text='Rows checked so far.')),
                ('verdicts', models.JSONField(blank=True, default=list, help_text='One entry a row: number, code, verdict, remarks.')),
                ('counts', models.JSONField(blank=True, default=dict)),
                ('report', models.JSONField(blank=True, default=dict)),
                ('plan_digest', models.CharField(blank=True, max_length=64)),
                ('problem', models.JSONField(blank=True, default=dict, help_text='Why the last run stopped: sentence, row, column.')),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='imports', to='studies.study')),
            ],
            options={
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='SourceRow',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('number', models.PositiveIntegerField()),
                ('texts', models.JSONField(help_text='Column to text.')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='source_rows', to='studies.patient')),
                ('table', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rows', to='studies.tableimport')),
            ],
            options={
                'ordering': ['created_at', 'number'],
            },
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
