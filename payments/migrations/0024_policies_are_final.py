"""What people have signed says the rules by their version: a version is never edited."""

from django.db import migrations

FINAL = """
CREATE FUNCTION payments_policy_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'versions of the rules are final: add the next one';
END
$$;
CREATE TRIGGER policies_are_final BEFORE UPDATE ON payments_policy
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION payments_policy_is_final();
CREATE TRIGGER policies_stay BEFORE DELETE ON payments_policy
    FOR EACH ROW EXECUTE FUNCTION payments_policy_is_final();
"""

UNDO = """
DROP TRIGGER policies_stay ON payments_policy;
DROP TRIGGER policies_are_final ON payments_policy;
DROP FUNCTION payments_policy_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0023_a_new_country_is_noted")]

    operations = [migrations.RunSQL(FINAL, UNDO)]
