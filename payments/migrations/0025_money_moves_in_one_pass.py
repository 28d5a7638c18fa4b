"""The functions that move money look once and write once, for one deed and for many.

What was refused is refused as before, and a link is hashed as before. Where the time goes is in
docs/speed.md.

The triggers that know the one writer compare once for a statement instead of once for each row:
where a trigger stands before each row of an UPDATE, PostgreSQL first locks every row and writes
that into its log, also when the trigger then has nothing to say.
"""

from django.db import migrations

MOVE_MONEY = """
DROP FUNCTION payments_move_money_in_batch(timestamptz, jsonb);
DROP FUNCTION payments_move_money(text, text, timestamptz, jsonb);

CREATE FUNCTION payments_refuse_overdraft(p_key text, p_balance bigint, p_amount bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% holds %, not %', p_key, p_balance, p_amount USING ERRCODE = 'MP003';
END
$$;

-- PostgreSQL puts its one expression into the statement that calls it.
CREATE FUNCTION payments_balance_after(p_key text, p_balance bigint, p_change bigint)
RETURNS bigint LANGUAGE sql AS $$
    SELECT CASE
        -- What somebody owes us is counted on the other side: it grows as money goes out of it.
        WHEN p_key LIKE 'party:%:owed:%' THEN
            CASE WHEN p_balance - p_change >= 0 THEN p_balance - p_change
                 ELSE payments_refuse_overdraft(p_key, p_balance, p_change) END
        WHEN p_balance + p_change >= 0 THEN p_balance + p_change
        ELSE payments_refuse_overdraft(p_key, p_balance, -p_change)
    END
$$;

-- All that is rare: refuses, or says that just this was done before, or makes ready what is missing.
CREATE FUNCTION payments_was_done(p_key text, p_book text, p_kinds text[], p_sources text[],
    p_targets text[], p_amounts bigint[], p_currencies text[])
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_amount bigint;
    v_source text;
    v_target text;
BEGIN
    FOREACH v_amount IN ARRAY p_amounts LOOP
        IF v_amount IS NULL OR v_amount < 1 THEN
            RAISE EXCEPTION 'a movement is at least one minor unit, not %', v_amount
                USING ERRCODE = 'MP004';
        END IF;
    END LOOP;

    PERFORM FROM payments_transfer WHERE key = p_key;
    IF FOUND THEN
        IF (SELECT count(*) FROM payments_transfer WHERE key = p_key) <> cardinality(p_kinds)
           OR EXISTS (
            SELECT FROM unnest(p_kinds, p_sources, p_targets, p_amounts, p_currencies)
                        WITH ORDINALITY AS m(kind, source, target, amount, currency, n)
            LEFT JOIN payments_transfer t ON t.key = p_key AND t.position = n - 1
            LEFT JOIN payments_ledgeraccount s ON s.id = t.source_id
            LEFT JOIN payments_ledgeraccount g ON g.id = t.target_id
            WHERE (t.kind, s.key, g.key, t.amount, t.currency, t.book) IS DISTINCT FROM
                  (m.kind, m.source, m.target, m.amount, m.currency, p_book)
        ) THEN
            RAISE EXCEPTION 'the key % came before with other moves', p_key USING ERRCODE = 'MP001';
        END IF;
        RETURN true;
    END IF;

    -- The book's lock comes before any account's.
    IF p_book <> '' THEN
        INSERT INTO payments_book (key, sequence, head) VALUES (p_book, 0, '')
        ON CONFLICT (key) DO NOTHING;
        PERFORM FROM payments_book WHERE key = p_book FOR UPDATE;
    END IF;
    PERFORM payments_open_accounts(p_sources || p_targets, p_currencies || p_currencies);
    SELECT source, target INTO v_source, v_target
    FROM unnest(p_sources, p_targets, p_currencies) AS m(source, target, currency)
    JOIN payments_ledgeraccount a ON a.key IN (source, target) AND a.currency <> m.currency
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% -> %: an account has one currency', v_source, v_target
            USING ERRCODE = 'MP002';
    END IF;
    RETURN false;
END
$$;

CREATE FUNCTION payments_open_accounts(p_keys text[], p_currencies text[])
RETURNS void LANGUAGE sql AS $$
    INSERT INTO payments_ledgeraccount (key, currency, balance)
    SELECT DISTINCT ON (key) key, m.currency,
           CASE WHEN key LIKE 'provider:%' OR key LIKE 'platform:%' THEN NULL ELSE 0 END
    FROM unnest(p_keys, p_currencies) AS m(key, currency)
    WHERE NOT EXISTS (SELECT FROM payments_ledgeraccount a WHERE a.key = m.key)
    ORDER BY key
    ON CONFLICT (key) DO NOTHING
$$;

CREATE FUNCTION payments_link_hash(p_head text, p_book text, p_sequence bigint, p_key text,
    p_position integer, p_kind text, p_source text, p_target text, p_amount bigint,
    p_currency text, p_microseconds bigint)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(concat_ws('|', p_head, p_book, p_sequence, p_key, p_position,
        p_kind, p_source, p_target, p_amount, p_currency, p_microseconds), 'UTF8')), 'hex')
$$;

-- The arrays have an element for each move.
CREATE FUNCTION payments_move_money(p_key text, p_book text, p_at timestamptz, p_kinds text[],
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

        EXIT WHEN p_book = '';
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

CREATE FUNCTION payments_move_money_in_batch(p_at timestamptz, p_deeds jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    -- By move, those of a book one after the other.
    v_turns bigint[];
    v_keys text[];
    v_books text[];
    v_positions integer[];
    v_kinds text[];
    v_sources text[];
    v_targets text[];
    v_amounts bigint[];
    v_currencies text[];
    v_source_ids bigint[];
    v_target_ids bigint[];
    v_sequences bigint[];
    v_heads text[];
    v_hashes text[];
    -- By account.
    v_ids bigint[];
    v_changes bigint[];
    v_is_plain boolean;
    v_is_covered boolean;
    v_deed jsonb;
    v_microseconds bigint := extract(epoch FROM p_at) * 1000000;
BEGIN
    SELECT array_agg(turn), array_agg(key), array_agg(book), array_agg(position),
           array_agg(kind), array_agg(source), array_agg(target), array_agg(amount),
           array_agg(currency)
    INTO v_turns, v_keys, v_books, v_positions, v_kinds, v_sources, v_targets, v_amounts,
         v_currencies
    FROM (SELECT row_number() OVER () AS turn, deed ->> 'key' AS key, deed ->> 'book' AS book,
                 m.n - 1 AS position, move ->> 'kind' AS kind, move ->> 'source' AS source,
                 move ->> 'target' AS target, (move ->> 'amount')::bigint AS amount,
                 move ->> 'currency' AS currency
          FROM jsonb_array_elements(p_deeds) AS deed,
               jsonb_array_elements(deed -> 'moves') WITH ORDINALITY AS m(move, n)
          ORDER BY book, turn) moves;

    -- All locks of all deeds, in the order of one: books first, then kept accounts by their keys.
    INSERT INTO payments_book (key, sequence, head)
    SELECT DISTINCT key, 0, '' FROM unnest(v_books) AS m(key)
    WHERE key <> '' AND NOT EXISTS (SELECT FROM payments_book b WHERE b.key = m.key) ORDER BY key
    ON CONFLICT (key) DO NOTHING;
    PERFORM FROM payments_book WHERE key = ANY (v_books) ORDER BY key FOR UPDATE;
    PERFORM payments_open_accounts(v_sources || v_targets, v_currencies || v_currencies);
    PERFORM FROM payments_ledgeraccount
    WHERE key = ANY (v_sources || v_targets) AND balance IS NOT NULL ORDER BY key FOR UPDATE;

    -- In the order of the moves, in whatever order the planner joins.
    SELECT array_agg(s.id ORDER BY n), array_agg(t.id ORDER BY n),
           array_agg(b.sequence + n - first + 1 ORDER BY n),
           array_agg(CASE WHEN n = first THEN head END ORDER BY n),
           bool_and(m.amount >= 1 AND s.currency = m.currency AND t.currency = m.currency)
    INTO v_source_ids, v_target_ids, v_sequences, v_heads, v_is_plain
    FROM (SELECT *, min(n) OVER (PARTITION BY book) AS first
          FROM unnest(v_books, v_sources, v_targets, v_amounts, v_currencies)
               WITH ORDINALITY AS u(book, source, target, amount, currency, n)) m
    JOIN payments_ledgeraccount s ON s.key = m.source
    JOIN payments_ledgeraccount t ON t.key = m.target
    LEFT JOIN payments_book b ON b.key = m.book;

    SELECT array_agg(a.id), array_agg((inward - outward)::bigint),
           bool_and(balance >= CASE WHEN key LIKE 'party:%:owed:%' THEN inward ELSE outward END)
    INTO v_ids, v_changes, v_is_covered
    FROM (SELECT id, sum(inward) AS inward, sum(outward) AS outward
          FROM (SELECT id, amount AS inward, 0 AS outward
                FROM unnest(v_target_ids, v_amounts) AS t(id, amount)
                UNION ALL
                SELECT id, 0, amount FROM unnest(v_source_ids, v_amounts) AS s(id, amount)) sides
          GROUP BY id) sums
    JOIN payments_ledgeraccount a ON a.id = sums.id AND a.balance IS NOT NULL;

    -- One pass is for deeds of which none can be refused, in whatever order they are done: new
    -- ones, of which each account covers all that is taken from it. Others are done one by one.
    IF NOT v_is_plain OR NOT v_is_covered
       OR (SELECT count(DISTINCT key) FROM unnest(v_keys) AS key) < jsonb_array_length(p_deeds)
       OR EXISTS (SELECT FROM payments_transfer WHERE key = ANY (v_keys)) THEN
        FOR v_deed IN SELECT jsonb_array_elements(p_deeds) LOOP
            PERFORM payments_move_money(v_deed ->> 'key', v_deed ->> 'book', p_at,
                array_agg(kind), array_agg(source), array_agg(target), array_agg(amount),
                array_agg(currency))
            FROM jsonb_to_recordset(v_deed -> 'moves')
                 AS m(kind text, source text, target text, amount bigint, currency text);
        END LOOP;
        RETURN;
    END IF;

    v_hashes := array_fill(''::text, ARRAY[cardinality(v_keys)]);
    FOR n IN 1 .. cardinality(v_keys) LOOP
        CONTINUE WHEN v_books[n] = '';
        v_heads[n] := coalesce(v_heads[n], v_hashes[n - 1]);
        v_hashes[n] := payments_link_hash(v_heads[n], v_books[n], v_sequences[n], v_keys[n],
            v_positions[n], v_kinds[n], v_sources[n], v_targets[n], v_amounts[n], v_currencies[n],
            v_microseconds);
    END LOOP;
    UPDATE payments_book b SET sequence = last.sequence, head = last.hash
    FROM (SELECT DISTINCT ON (book) book, sequence, hash
          FROM unnest(v_books, v_sequences, v_hashes) AS u(book, sequence, hash)
          WHERE book <> '' ORDER BY book, sequence DESC) last
    WHERE b.key = last.book;
    UPDATE payments_ledgeraccount a SET balance = payments_balance_after(a.key, a.balance, change)
    FROM unnest(v_ids, v_changes) AS u(id, change) WHERE a.id = u.id;
    INSERT INTO payments_transfer (key, position, kind, source_id, target_id, amount, currency,
                                   book, sequence, previous_hash, hash, created_at)
    SELECT key, position, kind, source, target, amount, currency, book, sequence,
           coalesce(head, ''), hash, p_at
    FROM unnest(v_turns, v_keys, v_positions, v_kinds, v_source_ids, v_target_ids, v_amounts,
                v_currencies, v_books, v_sequences, v_heads, v_hashes)
         AS u(turn, key, position, kind, source, target, amount, currency, book, sequence, head,
              hash)
    ORDER BY turn;
END
$$;

-- The triggers know these two by their path (migration 0012). The others are parts of them and
-- have its owner's rights and its path only within it.
DO $$
DECLARE
    v_function text;
BEGIN
    FOREACH v_function IN ARRAY ARRAY['payments_move_money', 'payments_move_money_in_batch'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp, payments_move_money',
                       v_function, current_schema());
        -- A plan for all calls, by the indexes, whatever is believed of the number of rows.
        EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', v_function);
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', v_function);
        EXECUTE format('ALTER FUNCTION %s SET enable_bitmapscan = off', v_function);
    END LOOP;
    FOREACH v_function IN ARRAY ARRAY[
        'payments_move_money', 'payments_move_money_in_batch', 'payments_was_done',
        'payments_open_accounts', 'payments_balance_after', 'payments_refuse_overdraft',
        'payments_link_hash'
    ] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
    END LOOP;
    ALTER FUNCTION payments_move_money_in_batch SET enable_hashjoin = off;
    ALTER FUNCTION payments_move_money_in_batch SET enable_mergejoin = off;
END
$$;
"""

ONCE_A_STATEMENT = """
DROP TRIGGER transfers_have_one_writer ON payments_transfer;
CREATE TRIGGER transfers_have_one_writer BEFORE INSERT ON payments_transfer
    FOR EACH STATEMENT WHEN (current_setting('search_path') NOT LIKE '%, payments_move_money')
    EXECUTE FUNCTION payments_books_have_one_writer();

DROP TRIGGER accounts_have_one_writer ON payments_ledgeraccount;
CREATE TRIGGER accounts_have_one_writer BEFORE INSERT OR UPDATE ON payments_ledgeraccount
    FOR EACH STATEMENT WHEN (current_setting('search_path') NOT LIKE '%, payments_move_money')
    EXECUTE FUNCTION payments_books_have_one_writer();
DROP TRIGGER accounts_stay_what_they_are ON payments_ledgeraccount;
CREATE TRIGGER accounts_stay_what_they_are BEFORE UPDATE OF id, key, currency
    ON payments_ledgeraccount FOR EACH STATEMENT EXECUTE FUNCTION payments_books_have_one_writer();

DROP TRIGGER heads_have_one_writer ON payments_book;
CREATE TRIGGER heads_have_one_writer BEFORE INSERT OR UPDATE ON payments_book
    FOR EACH STATEMENT WHEN (current_setting('search_path') NOT LIKE '%, payments_move_money')
    EXECUTE FUNCTION payments_books_have_one_writer();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0024_policies_are_final")]

    # There is no way back: what was before is in migrations 0012 and 0015.
    operations = [migrations.RunSQL(MOVE_MONEY), migrations.RunSQL(ONCE_A_STATEMENT)]
