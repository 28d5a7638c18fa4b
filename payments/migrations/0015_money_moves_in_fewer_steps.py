"""The function that moves money, written anew: the same refusals in fewer steps, and many deeds at
once.

What it answered is no longer returned: nobody read it. The update of a balance is its lock as well,
taken in the order of the keys, so that no row is visited twice; behind the book's lock it is known
already whether the deed was done before, because a deed belongs to one book.
"""

from django.db import migrations

MOVE_MONEY = """
DROP FUNCTION payments_move_money(text, text, timestamptz, jsonb);

CREATE FUNCTION payments_move_money(p_key text, p_book text, p_at timestamptz, p_moves jsonb)
RETURNS void LANGUAGE plpgsql
-- With its owner's rights: the application's role may call it and needs no right to write.
SECURITY DEFINER
-- PostgreSQL would otherwise plan the search for the accounts anew in each call.
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    -- By move, in the order given.
    v_kinds text[];
    v_sources text[];
    v_targets text[];
    v_amounts bigint[];
    v_currencies text[];
    v_move jsonb;
    -- By account, in the order of the keys. What changes is null for the platform's own.
    v_keys text[];
    v_ids bigint[];
    v_of text[];
    v_changes bigint[];
    v_source integer;
    v_target integer;
    v_sequence bigint;
    v_head text := '';
    v_hash text := '';
    v_microseconds bigint := extract(epoch FROM p_at) * 1000000;
BEGIN
    FOR n IN 1 .. jsonb_array_length(p_moves) LOOP
        v_move := p_moves -> (n - 1);
        v_kinds[n] := v_move ->> 'kind';
        v_sources[n] := v_move ->> 'source';
        v_targets[n] := v_move ->> 'target';
        v_amounts[n] := v_move ->> 'amount';
        v_currencies[n] := v_move ->> 'currency';
        IF v_amounts[n] IS NULL OR v_amounts[n] < 1 THEN
            RAISE EXCEPTION 'a movement is at least one minor unit, not %', v_amounts[n]
                USING ERRCODE = 'MP004';
        END IF;
    END LOOP;

    -- Locks: the book first, then the kept accounts in key order. The same everywhere, so no two
    -- deeds can wait for each other.
    IF p_book <> '' THEN
        SELECT sequence, head INTO v_sequence, v_head
        FROM payments_book WHERE key = p_book FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO payments_book (key, sequence, head) VALUES (p_book, 0, '')
            ON CONFLICT (key) DO NOTHING;
            SELECT sequence, head INTO v_sequence, v_head
            FROM payments_book WHERE key = p_book FOR UPDATE;
        END IF;
    END IF;

    -- Only behind the book's lock can it be known whether this was done before.
    PERFORM 1 FROM payments_transfer WHERE key = p_key;
    IF FOUND THEN
        IF (SELECT count(*) FROM payments_transfer WHERE key = p_key) <> cardinality(v_amounts)
           OR EXISTS (
            SELECT 1
            FROM unnest(v_kinds, v_sources, v_targets, v_amounts, v_currencies)
                 WITH ORDINALITY AS m(kind, source, target, amount, currency, n)
            LEFT JOIN payments_transfer t ON t.key = p_key AND t.position = n - 1
            LEFT JOIN payments_ledgeraccount s ON s.id = t.source_id
            LEFT JOIN payments_ledgeraccount g ON g.id = t.target_id
            WHERE (t.kind, s.key, g.key, t.amount, t.currency, t.book) IS DISTINCT FROM
                  (m.kind, m.source, m.target, m.amount, m.currency, p_book)
        ) THEN
            RAISE EXCEPTION 'the key % came before with other moves', p_key USING ERRCODE = 'MP001';
        END IF;
        RETURN;
    END IF;

    LOOP
        SELECT array_agg(id), array_agg(key), array_agg(currency),
               array_agg(CASE WHEN balance IS NOT NULL THEN 0 END)
        INTO v_ids, v_keys, v_of, v_changes
        FROM (SELECT * FROM payments_ledgeraccount
              WHERE key = ANY (v_sources || v_targets) ORDER BY key) accounts;
        EXIT WHEN v_sources || v_targets <@ v_keys;
        INSERT INTO payments_ledgeraccount (key, currency, balance)
        SELECT DISTINCT ON (key) key, m.currency,
               CASE WHEN key LIKE 'provider:%' OR key LIKE 'platform:%' THEN NULL ELSE 0 END
        FROM unnest(v_sources || v_targets, v_currencies || v_currencies) AS m(key, currency)
        WHERE key <> ALL (coalesce(v_keys, '{}'))
        ORDER BY key
        ON CONFLICT (key) DO NOTHING;
    END LOOP;

    FOR n IN 1 .. cardinality(v_amounts) LOOP
        v_source := array_position(v_keys, v_sources[n]);
        v_target := array_position(v_keys, v_targets[n]);
        IF v_of[v_source] <> v_currencies[n] OR v_of[v_target] <> v_currencies[n] THEN
            RAISE EXCEPTION '% -> %: an account has one currency', v_sources[n], v_targets[n]
                USING ERRCODE = 'MP002';
        END IF;
        v_changes[v_source] := v_changes[v_source] - v_amounts[n];
        v_changes[v_target] := v_changes[v_target] + v_amounts[n];
    END LOOP;

    FOR n IN 1 .. cardinality(v_keys) LOOP
        CONTINUE WHEN v_changes[n] IS NULL;
        -- What somebody owes us is counted on the other side: it grows as money goes out of it.
        IF v_keys[n] LIKE 'party:%:owed:%' THEN
            v_changes[n] := -v_changes[n];
        END IF;
        UPDATE payments_ledgeraccount SET balance = balance + v_changes[n]
        WHERE id = v_ids[n] AND balance + v_changes[n] >= 0;
        IF NOT FOUND THEN
            RAISE EXCEPTION '% holds %, not %', v_keys[n],
                (SELECT balance FROM payments_ledgeraccount WHERE id = v_ids[n]), -v_changes[n]
                USING ERRCODE = 'MP003';
        END IF;
    END LOOP;

    FOR n IN 1 .. cardinality(v_amounts) LOOP
        IF p_book <> '' THEN
            v_sequence := v_sequence + 1;
            v_hash := encode(sha256(convert_to(concat_ws('|',
                v_head, p_book, v_sequence, p_key, n - 1, v_kinds[n], v_sources[n], v_targets[n],
                v_amounts[n], v_currencies[n], v_microseconds), 'UTF8')), 'hex');
        END IF;
        INSERT INTO payments_transfer (key, position, kind, source_id, target_id, amount, currency,
                                       book, sequence, previous_hash, hash, created_at)
        VALUES (p_key, n - 1, v_kinds[n], v_ids[array_position(v_keys, v_sources[n])],
                v_ids[array_position(v_keys, v_targets[n])], v_amounts[n], v_currencies[n],
                p_book, v_sequence, v_head, v_hash, p_at);
        v_head := v_hash;
    END LOOP;

    IF p_book <> '' THEN
        UPDATE payments_book SET sequence = v_sequence, head = v_head WHERE key = p_book;
    END IF;
END
$$;

CREATE FUNCTION payments_move_money_in_batch(p_at timestamptz, p_deeds jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_books text[];
    v_keys text[];
    v_currencies text[];
    v_deed jsonb;
BEGIN
    SELECT array_agg(DISTINCT deed ->> 'book') FILTER (WHERE deed ->> 'book' <> '') INTO v_books
    FROM jsonb_array_elements(p_deeds) AS deed;
    SELECT array_agg(key), array_agg(move ->> 'currency') INTO v_keys, v_currencies
    FROM jsonb_array_elements(p_deeds) AS deed, jsonb_array_elements(deed -> 'moves') AS move,
         unnest(ARRAY[move ->> 'source', move ->> 'target']) AS key;

    -- All locks of all deeds, in the order of one: books first, then kept accounts by their keys.
    INSERT INTO payments_book (key, sequence, head)
    SELECT key, 0, '' FROM unnest(v_books) AS m(key)
    WHERE NOT EXISTS (SELECT 1 FROM payments_book b WHERE b.key = m.key) ORDER BY key
    ON CONFLICT (key) DO NOTHING;
    PERFORM 1 FROM payments_book WHERE key = ANY (v_books) ORDER BY key FOR UPDATE;
    INSERT INTO payments_ledgeraccount (key, currency, balance)
    SELECT DISTINCT ON (key) key, m.currency,
           CASE WHEN key LIKE 'provider:%' OR key LIKE 'platform:%' THEN NULL ELSE 0 END
    FROM unnest(v_keys, v_currencies) AS m(key, currency)
    WHERE NOT EXISTS (SELECT 1 FROM payments_ledgeraccount a WHERE a.key = m.key)
    ORDER BY key
    ON CONFLICT (key) DO NOTHING;
    PERFORM 1 FROM payments_ledgeraccount
    WHERE key = ANY (v_keys) AND balance IS NOT NULL ORDER BY key FOR UPDATE;

    FOR v_deed IN SELECT jsonb_array_elements(p_deeds) LOOP
        PERFORM payments_move_money(v_deed ->> 'key', v_deed ->> 'book', p_at, v_deed -> 'moves');
    END LOOP;
END
$$;

-- The triggers know these functions by their path (migration 0012).
DO $$
DECLARE
    v_function text;
BEGIN
    FOREACH v_function IN ARRAY ARRAY[
        'payments_move_money(text, text, timestamptz, jsonb)',
        'payments_move_money_in_batch(timestamptz, jsonb)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp, payments_move_money',
                       v_function, current_schema());
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
    END LOOP;
END
$$;

-- Balances and heads change all the time and their keys never: room on each page keeps such a
-- change off the indexes. Nobody looks for keys by a pattern.
ALTER TABLE payments_ledgeraccount SET (fillfactor = 60);
ALTER TABLE payments_book SET (fillfactor = 60);
DROP INDEX payments_ledgeraccount_key_e2817b38_like;
DROP INDEX payments_book_key_b083f196_like;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0014_reconciliation")]

    # There is no way back: the function before it is that of migrations 0002 and 0012.
    operations = [migrations.RunSQL(MOVE_MONEY)]
