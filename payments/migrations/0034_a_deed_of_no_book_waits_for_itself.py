"""The same deed by two at once is done by the first, and the second hears so: of no book, too.

A deed of a book waits for the book, and looks again when it went on. A deed of none looked once, before
it waited for its accounts: whoever did the same meanwhile was met only by the unique key of the
transfers, or by an account that they had emptied, and the answer was a refusal of what had been done.
"""

from django.db import migrations

MOVE_MONEY = """
-- The arrays have an element for each move.
CREATE OR REPLACE FUNCTION payments_move_money(p_key text, p_book text, p_at timestamptz, p_kinds text[],
    p_sources text[], p_targets text[], p_amounts bigint[], p_currencies text[])
RETURNS void LANGUAGE plpgsql
-- With its owner's rights: the application's role may call it and needs no right to write.
SECURITY DEFINER AS $$
DECLARE
    -- By account. What changes is null for the platform's own.
    v_ids bigint[];
    v_keys text[];
    v_changes bigint[];
    -- By move; before the first is the head of the book.
    v_hashes text[];
    v_sequence bigint;
    v_head text;
    v_was_done boolean;
    v_is_ready boolean;
    v_moves integer := cardinality(p_kinds);
    v_microseconds bigint := extract(epoch FROM p_at) * 1000000;
BEGIN
    LOOP
        SELECT a.*, b.sequence, b.head, EXISTS (SELECT FROM payments_transfer WHERE key = p_key)
        INTO v_ids, v_keys, v_changes, v_sequence, v_head, v_was_done
        FROM (SELECT array_agg(id), array_agg(key), array_agg(CASE WHEN balance >= 0 THEN 0 END)
              FROM payments_ledgeraccount
              WHERE key = ANY (p_sources || p_targets) AND 1 <= ALL (p_amounts)
                AND (currency = ALL (p_currencies) OR v_is_ready)) a
        LEFT JOIN payments_book b ON b.key = p_book;

        IF v_was_done OR (p_sources || p_targets <@ v_keys AND (p_book = '' OR v_sequence >= 0))
                         IS NOT TRUE THEN
            IF payments_was_done(p_key, p_book, p_kinds, p_sources, p_targets, p_amounts,
                                 p_currencies) THEN
                RETURN;
            END IF;
            v_is_ready := true;
            CONTINUE;
        END IF;

        -- Where no book makes the same deed wait for itself, the accounts that it moves do, and
        -- where none of them is kept, its key: then look again, whether it was done meanwhile.
        IF p_book = '' THEN
            PERFORM FROM payments_ledgeraccount
            WHERE key = ANY (v_keys) AND balance IS NOT NULL ORDER BY key FOR NO KEY UPDATE;
            IF NOT FOUND THEN
                PERFORM pg_advisory_xact_lock(hashtextextended(p_key, 0));
            END IF;
            EXIT WHEN NOT EXISTS (SELECT FROM payments_transfer WHERE key = p_key);
            CONTINUE;
        END IF;
        v_hashes[0] := v_head;
        FOR n IN 1 .. v_moves LOOP
            v_hashes[n] := payments_link_hash(v_hashes[n - 1], p_book, v_sequence + n, p_key,
                n - 1, p_kinds[n], p_sources[n], p_targets[n], p_amounts[n], p_currencies[n],
                v_microseconds);
        END LOOP;
        -- Locks: the book first, then the kept accounts in key order. The same everywhere, so no
        -- two deeds can wait for each other. Where the book went on meanwhile the deed may have
        -- been done meanwhile, since it belongs to one book: look again.
        UPDATE payments_book SET sequence = v_sequence + v_moves, head = v_hashes[v_moves]
        WHERE key = p_book AND sequence = v_sequence;
        EXIT WHEN FOUND;
    END LOOP;

    FOR n IN 1 .. v_moves LOOP
        v_changes[array_position(v_keys, p_sources[n])]
            := v_changes[array_position(v_keys, p_sources[n])] - p_amounts[n];
        v_changes[array_position(v_keys, p_targets[n])]
            := v_changes[array_position(v_keys, p_targets[n])] + p_amounts[n];
    END LOOP;
    -- The index gives the keys of an array in their order.
    UPDATE payments_ledgeraccount SET balance = payments_balance_after(
        key, balance, v_changes[array_position(v_keys, key::text)])
    WHERE key = ANY (v_keys) AND balance IS NOT NULL;

    INSERT INTO payments_transfer (key, position, kind, source_id, target_id, amount, currency,
                                   book, sequence, previous_hash, hash, created_at)
    SELECT p_key, n - 1, p_kinds[n], v_ids[array_position(v_keys, p_sources[n])],
           v_ids[array_position(v_keys, p_targets[n])], p_amounts[n], p_currencies[n], p_book,
           v_sequence + n, coalesce(v_hashes[n - 1], ''), coalesce(v_hashes[n], ''), p_at
    FROM (SELECT generate_series(1, v_moves) AS n OFFSET 0) moves;
END
$$;

-- To define it anew takes these away: see migration 0025.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION payments_move_money'
                   ' SET search_path = %I, pg_temp, payments_move_money', current_schema());
    ALTER FUNCTION payments_move_money SET plan_cache_mode = force_generic_plan;
    ALTER FUNCTION payments_move_money SET enable_seqscan = off;
    ALTER FUNCTION payments_move_money SET enable_bitmapscan = off;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0033_currencies_of_a_payee")]

    # There is no way back: what was before is in migration 0025.
    operations = [migrations.RunSQL(MOVE_MONEY)]
