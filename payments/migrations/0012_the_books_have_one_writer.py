"""Whoever asks, the books are written by the function that moves money, and by nothing else.

The triggers know the function by its search path, which it sets itself and which ends in its own
name: there is no such schema, so it finds nothing there. A function that is to write the books
must end its path so, too; ``CREATE OR REPLACE`` forgets it and has to say it again.

With ``pg_temp`` named, and last but for that, no caller's temporary table is taken for one of
ours: PostgreSQL would otherwise look there first, with the rights of the function's owner.

The triggers fire where the path is another, so a movement pays for the comparison alone.
"""

from django.db import migrations

GUARD = """
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION payments_move_money(text, text, timestamptz, jsonb)'
                   ' SET search_path = %I, pg_temp, payments_move_money', current_schema());
END
$$;

CREATE FUNCTION payments_books_have_one_writer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Transactional tests flush their tables; nothing else has such a name.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% of %: payments_move_money alone writes the books', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'MP011';
END
$$;

CREATE TRIGGER transfers_have_one_writer BEFORE INSERT ON payments_transfer
    FOR EACH ROW WHEN (current_setting('search_path') NOT LIKE '%, payments_move_money')
    EXECUTE FUNCTION payments_books_have_one_writer();

CREATE TRIGGER accounts_have_one_writer BEFORE INSERT OR UPDATE ON payments_ledgeraccount
    FOR EACH ROW WHEN (current_setting('search_path') NOT LIKE '%, payments_move_money')
    EXECUTE FUNCTION payments_books_have_one_writer();
-- What an account is never changes, and none ever goes, whoever writes.
CREATE TRIGGER accounts_stay_what_they_are BEFORE UPDATE OF id, key, currency
    ON payments_ledgeraccount FOR EACH ROW EXECUTE FUNCTION payments_books_have_one_writer();
CREATE TRIGGER accounts_stay BEFORE DELETE ON payments_ledgeraccount
    FOR EACH ROW EXECUTE FUNCTION payments_books_have_one_writer();
CREATE TRIGGER accounts_stay_all BEFORE TRUNCATE ON payments_ledgeraccount
    FOR EACH STATEMENT EXECUTE FUNCTION payments_books_have_one_writer();

CREATE TRIGGER heads_have_one_writer BEFORE INSERT OR UPDATE ON payments_book
    FOR EACH ROW WHEN (current_setting('search_path') NOT LIKE '%, payments_move_money')
    EXECUTE FUNCTION payments_books_have_one_writer();
CREATE TRIGGER heads_stay BEFORE DELETE ON payments_book
    FOR EACH ROW EXECUTE FUNCTION payments_books_have_one_writer();
CREATE TRIGGER heads_stay_all BEFORE TRUNCATE ON payments_book
    FOR EACH STATEMENT EXECUTE FUNCTION payments_books_have_one_writer();
"""

# Default privileges may have given others the right to write these when they were made.
ONLY_THE_OWNER_WRITES = """
DO $$
DECLARE
    v_grant record;
BEGIN
    FOR v_grant IN
        SELECT DISTINCT c.oid::regclass AS books, g.grantee
        FROM pg_class c, aclexplode(c.relacl) g
        WHERE c.oid IN ('payments_transfer'::regclass, 'payments_ledgeraccount'::regclass,
                        'payments_book'::regclass)
          AND g.grantee <> c.relowner AND g.privilege_type NOT IN ('SELECT', 'MAINTAIN')
    LOOP
        EXECUTE format(
            'REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON %s FROM %s',
            v_grant.books,
            CASE v_grant.grantee WHEN 0 THEN 'PUBLIC' ELSE v_grant.grantee::regrole::text END);
    END LOOP;
END
$$;
"""

UNDO = """
DROP TRIGGER transfers_have_one_writer ON payments_transfer;
DROP TRIGGER accounts_have_one_writer ON payments_ledgeraccount;
DROP TRIGGER accounts_stay_what_they_are ON payments_ledgeraccount;
DROP TRIGGER accounts_stay ON payments_ledgeraccount;
DROP TRIGGER accounts_stay_all ON payments_ledgeraccount;
DROP TRIGGER heads_have_one_writer ON payments_book;
DROP TRIGGER heads_stay ON payments_book;
DROP TRIGGER heads_stay_all ON payments_book;
DROP FUNCTION payments_books_have_one_writer();
ALTER FUNCTION payments_move_money(text, text, timestamptz, jsonb) SET search_path FROM CURRENT;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0011_lifecycles_are_kept_by_the_database")]

    operations = [
        migrations.RunSQL(GUARD, UNDO),
        migrations.RunSQL(ONLY_THE_OWNER_WRITES, migrations.RunSQL.noop),
    ]
