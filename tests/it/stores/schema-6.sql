-- a store of live-orders as schema 6 keeps it; see tests/it/stores.rs.
PRAGMA application_id = 1282822002;
PRAGMA user_version = 6;
BEGIN TRANSACTION;
CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE log (
        seq INTEGER PRIMARY KEY,
        order_id BLOB NOT NULL,
        kind TEXT NOT NULL,
        from_status TEXT,
        to_status TEXT NOT NULL,
        location TEXT NOT NULL,
        channel TEXT NOT NULL,
        stations TEXT NOT NULL,
        at INTEGER NOT NULL,
        data TEXT NOT NULL
    , service TEXT NOT NULL DEFAULT 'pickup') STRICT;
CREATE TABLE orders (
        row INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        status TEXT NOT NULL,
        open INTEGER NOT NULL,
        channel TEXT NOT NULL,
        external_id TEXT,
        fingerprint BLOB NOT NULL,
        placed_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        data TEXT NOT NULL
    , erased INTEGER NOT NULL DEFAULT 0, tracking BLOB, location TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE idempotency_keys (
        key TEXT PRIMARY KEY,
        order_id BLOB NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE numbers (
        location TEXT NOT NULL,
        business_day INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (location, business_day)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE seen (
        order_id BLOB NOT NULL,
        screen TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (order_id, screen)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE screens (
        name TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        data TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE webhooks (
        id TEXT PRIMARY KEY,
        url TEXT NOT NULL,
        description TEXT,
        filter TEXT NOT NULL,
        secret TEXT NOT NULL,
        state TEXT NOT NULL,
        why TEXT,
        since INTEGER NOT NULL,
        cursor INTEGER NOT NULL,
        missed INTEGER,
        failing_since INTEGER,
        held_until INTEGER,
        delivered_at INTEGER,
        created_at INTEGER NOT NULL
    , former TEXT NOT NULL DEFAULT '[]') STRICT, WITHOUT ROWID;
CREATE TABLE webhook_waiting (
        webhook TEXT NOT NULL,
        seq INTEGER NOT NULL,
        order_id BLOB NOT NULL,
        kind TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        failed_at INTEGER,
        next_at INTEGER NOT NULL, due_at INTEGER, not_before INTEGER,
        PRIMARY KEY (webhook, seq)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE webhook_attempts (
        id INTEGER PRIMARY KEY,
        webhook TEXT NOT NULL,
        seq INTEGER,
        order_id BLOB,
        kind TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        at INTEGER NOT NULL,
        took_ms INTEGER NOT NULL,
        status INTEGER,
        error TEXT,
        outcome TEXT NOT NULL,
        next_at INTEGER
    ) STRICT;
CREATE TABLE channel_secrets (
        channel TEXT PRIMARY KEY,
        secret TEXT NOT NULL,
        created_at INTEGER NOT NULL
    , former TEXT NOT NULL DEFAULT '[]', locations TEXT NOT NULL DEFAULT '[]', used_at INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE erasures (
        order_id BLOB PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
CREATE TABLE signatures_seen (
        channel TEXT NOT NULL,
        id TEXT NOT NULL,
        sent INTEGER NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (channel, id, sent)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE sides (
        location TEXT NOT NULL,
        channel TEXT NOT NULL,
        -- The last event there, and the last of those that are no longer kept.
        last INTEGER NOT NULL,
        pruned INTEGER NOT NULL,
        PRIMARY KEY (location, channel)
    ) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('checked','b');
INSERT INTO meta (key, value) VALUES ('demo','0');
INSERT INTO meta (key, value) VALUES ('epoch','7dd3a5e5');
INSERT INTO meta (key, value) VALUES ('floor','0');
INSERT INTO meta (key, value) VALUES ('tracking_key','f3f6e1bd5657353ff1aab03653a908095032ea38841fbb2e90f5b0facb7ceef6');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (1,X'01A207B706DA74ACA48C7DEF7F6EE76D','order.placed',NULL,'placed','main','api','kitchen',1795400000000,'{"id":"01a207b7-06da-74ac-a48c-7def7f6ee76d","number":101,"location":"main","version":1,"status":"placed","source":{"channel":"api"},"fulfilment":{"type":"dine_in","table":"7"},"customer":{"name":"Bo"},"revision":0,"items":[{"id":1,"name":"Pie","quantity":1,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":["nuts"],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"warn_at":1795400780000,"promised_at":1795401080000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','dine_in');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (2,X'01A207B706DE72B48FD16F42E9FE56AA','order.placed',NULL,'placed','main','web','hot,cold',1795400000000,'{"id":"01a207b7-06de-72b4-8fd1-6f42e9fe56aa","number":102,"location":"main","version":1,"status":"placed","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"erased":true,"times":{"placed_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (3,X'01A207B706DE72B48FD16F42E9FE56AA','order.accepted','placed','accepted','main','web','hot,cold',1795400000000,'{"id":"01a207b7-06de-72b4-8fd1-6f42e9fe56aa","number":102,"location":"main","version":2,"status":"accepted","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"erased":true,"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"placed","to":"accepted","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (4,X'01A207B706DE72B48FD16F42E9FE56AA','order.updated','accepted','accepted','main','web','hot,cold',1795400000000,'{"id":"01a207b7-06de-72b4-8fd1-6f42e9fe56aa","number":102,"location":"main","version":3,"status":"accepted","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"erased":true,"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"accepted","to":"accepted","what":"flags","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (5,X'01A207B706DE72B48FD16F42E9FE56AA','order.preparing','accepted','preparing','main','web','hot,cold',1795400000000,'{"id":"01a207b7-06de-72b4-8fd1-6f42e9fe56aa","number":102,"location":"main","version":4,"status":"preparing","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"erased":true,"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"accepted","to":"preparing","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (6,X'01A207B706DE72B48FD16F42E9FE56AA','order.ready','preparing','ready','main','web','hot,cold',1795400000000,'{"id":"01a207b7-06de-72b4-8fd1-6f42e9fe56aa","number":102,"location":"main","version":5,"status":"ready","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"erased":true,"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"ready_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"preparing","to":"ready","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (7,X'01A207B706DE72B48FD16F42E9FE56AA','order.preparing','ready','preparing','main','web','hot,cold',1795400000000,'{"id":"01a207b7-06de-72b4-8fd1-6f42e9fe56aa","number":102,"location":"main","version":6,"status":"preparing","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":true,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"erased":true,"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"ready","to":"preparing","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (8,X'01A207B706DE72B48FD16F42E9FE56AA','order.ready','preparing','ready','main','web','hot,cold',1795400000000,'{"id":"01a207b7-06de-72b4-8fd1-6f42e9fe56aa","number":102,"location":"main","version":7,"status":"ready","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"erased":true,"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"ready_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"preparing","to":"ready","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (9,X'01A207B706DE72B48FD16F42E9FE56AA','order.out_for_delivery','ready','out_for_delivery','main','web','hot,cold',1795400000000,'{"id":"01a207b7-06de-72b4-8fd1-6f42e9fe56aa","number":102,"location":"main","version":8,"status":"out_for_delivery","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"erased":true,"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"ready_at":1795400000000,"out_for_delivery_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"ready","to":"out_for_delivery","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (10,X'01A207B706DE72B48FD16F42E9FE56AA','order.completed','out_for_delivery','completed','main','web','hot,cold',1795400000000,'{"id":"01a207b7-06de-72b4-8fd1-6f42e9fe56aa","number":102,"location":"main","version":9,"status":"completed","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"erased":true,"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"ready_at":1795400000000,"out_for_delivery_at":1795400000000,"closed_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"out_for_delivery","to":"completed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (11,X'01A207B706EF75A585A51BE1506DFD45','order.placed',NULL,'placed','main','api','kitchen',1795400000000,'{"id":"01a207b7-06ef-75a5-85a5-1be1506dfd45","number":103,"location":"main","version":1,"status":"placed","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Cheeseburger","quantity":2,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"warn_at":1795400660000,"promised_at":1795400900000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','pickup');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (12,X'01A207B706F1774684E0ED749355E2C4','order.placed',NULL,'placed','main','api','kitchen',1795400000000,'{"id":"01a207b7-06f1-7746-84e0-ed749355e2c4","number":104,"location":"main","version":1,"status":"placed","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Cheeseburger","quantity":2,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"warn_at":1795400660000,"promised_at":1795400900000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','pickup');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (13,X'01A207B706F1774684E0ED749355E2C4','order.cancelled','placed','cancelled','main','api','kitchen',1795400000000,'{"id":"01a207b7-06f1-7746-84e0-ed749355e2c4","number":104,"location":"main","version":2,"status":"cancelled","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Cheeseburger","quantity":2,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":true,"allergens_seen":false},"times":{"placed_at":1795400000000,"closed_at":1795400000000,"warn_at":1795400660000,"promised_at":1795400900000},"last_change":{"from":"placed","to":"cancelled","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','pickup');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (14,X'01A207B706DE72B48FD16F42E9FE56AA','order.erased','completed','completed','main','web','hot,cold',1795400000000,'{"id":"01a207b7-06de-72b4-8fd1-6f42e9fe56aa","number":102,"location":"main","version":10,"status":"completed","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"erased":true,"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"ready_at":1795400000000,"out_for_delivery_at":1795400000000,"closed_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"completed","to":"completed","what":"erased","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO orders (row, id, status, open, channel, external_id, fingerprint, placed_at, changed_at, data, erased, tracking, location) VALUES (1,X'01A207B706DA74ACA48C7DEF7F6EE76D','placed',1,'api',NULL,X'8D4D6584E29281D0AEAF946ED8FE4FF23E111192AF2042A2E521B3D1133777425D572E167F75529D067C0CB16BA61D91CB0A8D6ABC2001B7D528F1586840885A',1795400000000,1795400000000,'{"id":"01a207b7-06da-74ac-a48c-7def7f6ee76d","number":101,"location":"main","version":1,"status":"placed","source":{"channel":"api"},"fulfilment":{"type":"dine_in","table":"7"},"customer":{"name":"Bo"},"revision":0,"items":[{"id":1,"name":"Pie","quantity":1,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":["nuts"],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"warn_at":1795400780000,"promised_at":1795401080000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}',0,X'AC9FFA5376502D691B679943E543FF6107DCF6038678AFC8D6FD65F63217E2E3','main');
INSERT INTO orders (row, id, status, open, channel, external_id, fingerprint, placed_at, changed_at, data, erased, tracking, location) VALUES (2,X'01A207B706DE72B48FD16F42E9FE56AA','completed',0,'web','w-1',X'EF2293C1DCA9E9D9992DB794C4AE397D1B4A215925C0CBF547C1D3032FA445FE',1795400000000,1795400000000,'{"id":"01a207b7-06de-72b4-8fd1-6f42e9fe56aa","number":102,"location":"main","version":10,"status":"completed","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"erased":true,"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"ready_at":1795400000000,"out_for_delivery_at":1795400000000,"closed_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"completed","to":"completed","what":"erased","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}',1,X'78C31752B08947D5B3D8E0508BF0620C56F19CCA0084DDDE85B1768D04887B08','main');
INSERT INTO orders (row, id, status, open, channel, external_id, fingerprint, placed_at, changed_at, data, erased, tracking, location) VALUES (3,X'01A207B706EF75A585A51BE1506DFD45','placed',1,'api',NULL,X'478DB74CBBC55F36D20DB6602FDC6BB9C7D165A249074E12A2C60CCC2EBC0C91FEC0B0CA888D72A6D40848790799AA091A2AF9B5D5CFF6C7C4ED92387A11D632',1795400000000,1795400000000,'{"id":"01a207b7-06ef-75a5-85a5-1be1506dfd45","number":103,"location":"main","version":1,"status":"placed","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Cheeseburger","quantity":2,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"warn_at":1795400660000,"promised_at":1795400900000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}',0,X'DC3785329C6B8C67989A1966F9DC3D980ACE832C0190BBA65F3284C96F5CB40B','main');
INSERT INTO orders (row, id, status, open, channel, external_id, fingerprint, placed_at, changed_at, data, erased, tracking, location) VALUES (4,X'01A207B706F1774684E0ED749355E2C4','cancelled',1,'api',NULL,X'478DB74CBBC55F36D20DB6602FDC6BB9C7D165A249074E12A2C60CCC2EBC0C91FEC0B0CA888D72A6D40848790799AA091A2AF9B5D5CFF6C7C4ED92387A11D632',1795400000000,1795400000000,'{"id":"01a207b7-06f1-7746-84e0-ed749355e2c4","number":104,"location":"main","version":2,"status":"cancelled","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Cheeseburger","quantity":2,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":true,"allergens_seen":false},"times":{"placed_at":1795400000000,"closed_at":1795400000000,"warn_at":1795400660000,"promised_at":1795400900000},"last_change":{"from":"placed","to":"cancelled","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}',0,X'94A26AE99C59C3ACC72953812335718ED52C7D0E3A8341428B9000C4DEDD8433','main');
INSERT INTO idempotency_keys (key, order_id, at) VALUES ('sha256:762c08fc17a1cc5f00d248f8b50f2f2f4d17ff2934ac31e64deacb3f5bb3f2ec',X'01A207B706DA74ACA48C7DEF7F6EE76D',1795400000000);
INSERT INTO idempotency_keys (key, order_id, at) VALUES ('sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed',X'01A207B706DE72B48FD16F42E9FE56AA',1795400000000);
INSERT INTO numbers (location, business_day, last) VALUES ('main',20261122,104);
INSERT INTO seen (order_id, screen, at) VALUES (X'01A207B706F1774684E0ED749355E2C4','expo',1795400000000);
INSERT INTO screens (name, version, changed_at, data) VALUES ('grill',1,1795400000000,'{"title":"Grill","role":"prep","stations":["hot"],"channels":[],"services":[],"view":"grid","sort":"due","page_size":null,"sounds":{"new":true,"changed":true,"cancelled":true,"ready":false,"late":false,"offline":true},"volume":70,"quiet_hours":null,"language":"en","theme":"auto","diagonal_in":24,"width_px":1920,"height_px":1080,"distance_m":1,"digits":"select","bump_bar":false,"single_keys":true,"keys":{},"announce":"new","hold_to_bump":false,"acknowledge_allergens":false}');
INSERT INTO webhooks (id, url, description, filter, secret, state, why, since, cursor, missed, failing_since, held_until, delivered_at, created_at, former) VALUES ('wh_09bdb9947cdfb48915b2','https://example.org/hook','a hook','{"channels":["web"]}','whsec_7nsDqdLBVHH1MkgM4FggB7deW31J1dQguALASkdjgHg=','off',NULL,1795425765121,13,NULL,NULL,NULL,NULL,1795425765121,'[]');
INSERT INTO channel_secrets (channel, secret, created_at, former, locations, used_at) VALUES ('web','whsec_2Rh18yJMuAZ1oS/+ATJnN7TPwkQBAaPKS4xyMO3QNZI=',1795425765128,'[]','[]',NULL);
INSERT INTO sides (location, channel, last, pruned) VALUES ('main','api',13,0);
INSERT INTO sides (location, channel, last, pruned) VALUES ('main','web',14,0);
CREATE INDEX log_of_order ON log (order_id, seq);
CREATE INDEX orders_open ON orders (placed_at) WHERE open = 1;
CREATE INDEX orders_by_change ON orders (changed_at);
CREATE INDEX orders_by_status ON orders (status, changed_at);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);
CREATE INDEX seen_by_age ON seen (at);
CREATE INDEX webhook_attempts_of ON webhook_attempts (webhook, id);
CREATE INDEX webhook_attempts_by_age ON webhook_attempts (at);
CREATE INDEX orders_to_erase ON orders (changed_at) WHERE erased = 0;
CREATE UNIQUE INDEX orders_by_tracking ON orders (tracking);
CREATE INDEX webhook_waiting_of ON webhook_waiting (webhook, order_id, seq);
CREATE INDEX signatures_seen_by_age ON signatures_seen (until);
CREATE INDEX orders_by_side ON orders (location, channel, status, changed_at);
CREATE INDEX log_by_side ON log (location, channel);
CREATE UNIQUE INDEX orders_by_external_id ON orders (location, channel, external_id)
        WHERE external_id IS NOT NULL;
COMMIT;
