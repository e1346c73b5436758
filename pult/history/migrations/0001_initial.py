"""The history table and the functions that fill and guard it."""

import django.db.models.functions.datetime
from django.db import migrations, models

FUNCTIONS = """
-- One entry per changed row of a statement. Arguments: object type, column that holds the object's id, a prefix for the
-- field names (with the value of a column in it, e.g. 'line {position}'), and columns that are no news by themselves.
CREATE FUNCTION history_actor(OUT kind text, OUT id text, OUT name text, OUT action text, OUT data jsonb)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  raw text := nullif(current_setting('pult.actor', true), '');
BEGIN
  kind := coalesce(raw::jsonb ->> 0, 'database');
  id := raw::jsonb ->> 1;
  name := coalesce(raw::jsonb ->> 2, CASE WHEN raw IS NULL THEN current_user END);
  action := coalesce(nullif(current_setting('pult.action', true), ''), 'changed');
  data := nullif(current_setting('pult.data', true), '')::jsonb;
END $$;

CREATE FUNCTION history_of_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who record := history_actor();
  type_ text := TG_ARGV[0];
  id_column text := TG_ARGV[1];
  prefix text := TG_ARGV[2];
  label_column text := TG_ARGV[3];
  silent text[] := string_to_array(TG_ARGV[4], ',');
BEGIN
  INSERT INTO history_entry (object_type, object_id, action, actor_kind, actor_id, actor_name, changes, data)
  SELECT type_, (o.j ->> id_column)::bigint, who.action, who.kind, who.id, who.name, d.changes, who.data
  FROM (SELECT id, to_jsonb(old_rows) AS j FROM old_rows) o
  JOIN (SELECT id, to_jsonb(new_rows) AS j FROM new_rows) n USING (id)
  CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(
      CASE WHEN prefix = '' THEN a.key ELSE prefix || '.' || coalesce(n.j ->> label_column, '?') || '.' || a.key END,
      jsonb_build_array(a.value, b.value)) AS changes
    FROM jsonb_each(o.j) a JOIN jsonb_each(n.j) b USING (key)
    WHERE a.value IS DISTINCT FROM b.value AND a.key <> ALL (silent)
  ) d
  WHERE d.changes IS NOT NULL;
  RETURN NULL;
END $$;

CREATE FUNCTION history_of_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who record := history_actor();
BEGIN
  INSERT INTO history_entry (object_type, object_id, action, actor_kind, actor_id, actor_name, data)
  SELECT TG_ARGV[0], id, CASE who.action WHEN 'changed' THEN 'created' ELSE who.action END,
         who.kind, who.id, who.name, who.data
  FROM new_rows;
  RETURN NULL;
END $$;

-- Rows that belong to an object (lines, refunds): their coming and going is a change of it, except while it is received.
CREATE FUNCTION history_of_part() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who record := history_actor();
  type_ text := TG_ARGV[0];
  id_column text := TG_ARGV[1];
  prefix text := TG_ARGV[2];
  label_column text := TG_ARGV[3];
  kept text[] := string_to_array(TG_ARGV[4], ',');
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF who.action = 'received' THEN RETURN NULL; END IF;
    INSERT INTO history_entry (object_type, object_id, action, actor_kind, actor_id, actor_name, changes, data)
    SELECT type_, (n.j ->> id_column)::bigint, who.action, who.kind, who.id, who.name,
           jsonb_build_object(prefix || '.' || coalesce(n.j ->> label_column, '?'), jsonb_build_array(NULL, (
             SELECT jsonb_object_agg(key, value) FROM jsonb_each(n.j) WHERE key = ANY (kept)))), who.data
    FROM (SELECT to_jsonb(new_rows) AS j FROM new_rows) n;
  ELSE
    INSERT INTO history_entry (object_type, object_id, action, actor_kind, actor_id, actor_name, changes, data)
    SELECT type_, (o.j ->> id_column)::bigint, who.action, who.kind, who.id, who.name,
           jsonb_build_object(prefix || '.' || coalesce(o.j ->> label_column, '?'), jsonb_build_array((
             SELECT jsonb_object_agg(key, value) FROM jsonb_each(o.j) WHERE key = ANY (kept)), NULL)), who.data
    FROM (SELECT to_jsonb(old_rows) AS j FROM old_rows) o;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

-- For tables whose rows tell when they last changed.
CREATE FUNCTION history_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
  RETURN NEW;
END $$;

CREATE TRIGGER history_entry_append_only BEFORE UPDATE OR DELETE ON history_entry
FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

UNDO = """
DROP FUNCTION IF EXISTS history_of_update(), history_of_insert(), history_of_part(), history_actor() CASCADE;
DROP FUNCTION IF EXISTS refuse_change(), history_touch() CASCADE;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object_type", models.TextField()),
                ("object_id", models.BigIntegerField()),
                ("action", models.TextField()),
                ("actor_kind", models.TextField()),
                ("actor_id", models.TextField(null=True)),
                ("actor_name", models.TextField(null=True)),
                ("changes", models.JSONField(null=True)),
                ("data", models.JSONField(null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name": "history entry",
                "indexes": [models.Index(fields=["object_type", "object_id", "id"], name="history_entry_object")],
            },
        ),
        migrations.RunSQL(FUNCTIONS, UNDO),
    ]
