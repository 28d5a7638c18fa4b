"""The one writer of the books, the refusal of everything else, and the first policy."""

from django.db import migrations

MOVE_MONEY = """
CREATE FUNCTION payments_move_money(p_key text, p_book text, p_at timestamptz, p_moves jsonb)
RETURNS SETOF payments_transfer LANGUAGE plpgsql
-- With its owner's rights: the application's role may call it and needs no right to write.
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    v_keys text[];
    v_move record;
    v_source payments_ledgeraccount;
    v_target payments_ledgeraccount;
    v_sequence bigint;
    v_head text := '';
    v_hash text := '';
    v_done integer;
BEGIN
    SELECT array_agg(DISTINCT k ORDER BY k) INTO v_keys
    FROM jsonb_to_recordset(p_moves) AS m(source text, target text), unnest(ARRAY[source, target]) k;

    INSERT INTO payments_ledgeraccount (key, currency, balance)
    SELECT DISTINCT ON (k) k, m.currency,
           CASE WHEN k LIKE 'provider:%' OR k LIKE 'platform:%' THEN NULL ELSE 0 END
    FROM jsonb_to_recordset(p_moves) AS m(source text, target text, currency text),
         unnest(ARRAY[m.source, m.target]) k
    WHERE NOT EXISTS (SELECT 1 FROM payments_ledgeraccount a WHERE a.key = k)
    ORDER BY k
    ON CONFLICT (key) DO NOTHING;

    -- Locks: the book first, then the kept accounts in key order. The same everywhere, so no two
    -- deeds can wait for each other.
    IF p_book <> '' THEN
        INSERT INTO payments_book (key, sequence, head) VALUES (p_book, 0, '')
        ON CONFLICT (key) DO NOTHING;
        SELECT sequence, head INTO v_sequence, v_head
        FROM payments_book WHERE key = p_book FOR UPDATE;
    END IF;
    PERFORM 1 FROM payments_ledgeraccount
    WHERE key = ANY (v_keys) AND balance IS NOT NULL ORDER BY key FOR UPDATE;

    -- Only behind the locks can it be known whether this was done before.
    SELECT count(*) INTO v_done FROM payments_transfer WHERE key = p_key;
    IF v_done > 0 THEN
        IF v_done <> jsonb_array_length(p_moves) OR EXISTS (
            SELECT 1
            FROM jsonb_array_elements(p_moves) WITH ORDINALITY AS m(move, n)
            LEFT JOIN payments_transfer t ON t.key = p_key AND t.position = n - 1
            LEFT JOIN payments_ledgeraccount s ON s.id = t.source_id
            LEFT JOIN payments_ledgeraccount g ON g.id = t.target_id
            WHERE (t.kind, s.key, g.key, t.amount::text, t.currency, t.book) IS DISTINCT FROM
                  (move->>'kind', move->>'source', move->>'target', move->>'amount',
                   move->>'currency', p_book)
        ) THEN
            RAISE EXCEPTION 'the key % came before with other moves', p_key USING ERRCODE = 'MP001';
        END IF;
        RETURN QUERY SELECT * FROM payments_transfer WHERE key = p_key ORDER BY position;
        RETURN;
    END IF;

    FOR v_move IN
        SELECT (n - 1)::smallint AS position, move->>'kind' AS kind, move->>'source' AS source,
               move->>'target' AS target, (move->>'amount')::bigint AS amount,
               move->>'currency' AS currency
        FROM jsonb_array_elements(p_moves) WITH ORDINALITY AS m(move, n)
        ORDER BY n
    LOOP
        IF v_move.amount IS NULL OR v_move.amount < 1 THEN
            RAISE EXCEPTION 'a movement is at least one minor unit, not %', v_move.amount
                USING ERRCODE = 'MP004';
        END IF;
        SELECT * INTO STRICT v_source FROM payments_ledgeraccount WHERE key = v_move.source;
        SELECT * INTO STRICT v_target FROM payments_ledgeraccount WHERE key = v_move.target;
        IF v_source.currency <> v_move.currency OR v_target.currency <> v_move.currency THEN
            RAISE EXCEPTION '% -> %: an account has one currency', v_move.source, v_move.target
                USING ERRCODE = 'MP002';
        END IF;
        IF v_source.balance < v_move.amount THEN
            RAISE EXCEPTION '% holds %, not %', v_move.source, v_source.balance, v_move.amount
                USING ERRCODE = 'MP003';
        END IF;
        UPDATE payments_ledgeraccount SET balance = balance - v_move.amount
        WHERE id = v_source.id AND balance IS NOT NULL;
        UPDATE payments_ledgeraccount SET balance = balance + v_move.amount
        WHERE id = v_target.id AND balance IS NOT NULL;
        IF p_book <> '' THEN
            v_sequence := v_sequence + 1;
            v_hash := encode(sha256(convert_to(concat_ws('|',
                v_head, p_book, v_sequence, p_key, v_move.position, v_move.kind, v_move.source,
                v_move.target, v_move.amount, v_move.currency,
                (extract(epoch FROM p_at) * 1000000)::bigint), 'UTF8')), 'hex');
        END IF;
        RETURN QUERY
        INSERT INTO payments_transfer (key, position, kind, source_id, target_id, amount, currency,
                                       book, sequence, previous_hash, hash, created_at)
        VALUES (p_key, v_move.position, v_move.kind, v_source.id, v_target.id, v_move.amount,
                v_move.currency, p_book, v_sequence, v_head, v_hash, p_at)
        RETURNING *;
        v_head := v_hash;
    END LOOP;

    IF p_book <> '' THEN
        UPDATE payments_book SET sequence = v_sequence, head = v_head WHERE key = p_book;
    END IF;
END
$$;
"""

FINAL = """
CREATE FUNCTION payments_transfer_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Transactional tests flush their tables; nothing else has such a name.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'transfers are final: post a correction instead';
END
$$;
CREATE TRIGGER transfer_is_final BEFORE UPDATE OR DELETE ON payments_transfer
    FOR EACH ROW EXECUTE FUNCTION payments_transfer_is_final();
CREATE TRIGGER transfers_stay BEFORE TRUNCATE ON payments_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION payments_transfer_is_final();
"""

UNDO = """
DROP TRIGGER transfers_stay ON payments_transfer;
DROP TRIGGER transfer_is_final ON payments_transfer;
DROP FUNCTION payments_transfer_is_final();
DROP FUNCTION payments_move_money(text, text, timestamptz, jsonb);
"""


def write_first_policy(apps, schema_editor):
    # In force from the beginning: contracts of an imported past need a policy, too.
    apps.get_model("payments", "Policy").objects.create(
        version=1, in_force_from="2000-01-01T00:00:00Z"
    )


def remove_first_policy(apps, schema_editor):
    apps.get_model("payments", "Policy").objects.filter(version=1).delete()


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [
        migrations.RunSQL(MOVE_MONEY + FINAL, UNDO),
        migrations.RunPython(write_first_policy, remove_first_policy),
    ]
