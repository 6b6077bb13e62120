/*
 * echo/echo.h: everything an application needs. Implementers of stores, feed sources and codecs read echo/sys/ as well.
 *
 * libecho-snapshot opens an ECHO party quickly, however long its history is. It saves the state of the party's models
 * in snapshots; at start-up it restores the newest snapshot and reads only the messages after it.
 *
 * Glossary
 *
 *   party      a group of peers who share items; named by a public key
 *   feed       an append-only, signed list of blocks, which one peer writes; named by its public key
 *   block      one entry of a feed, as bytes; its number in the feed is its seq, which starts at 0
 *   message    a decoded block
 *   timeframe  per feed, the last seq that is covered; the clock is the party's current timeframe
 *   tail       the messages after a snapshot's timeframe
 *   item       a thing of the party, named by an id; it has a model, and may have a type and a parent
 *   mutation   the part of a message that changes an item; only the item's model understands it
 *   model      a table of functions that applies mutations to an item's state
 *   record     an item as it is stored in a snapshot: one line of JSON
 *   chunk      a piece of a snapshot, named by the hash of its bytes; snapshots share the chunks that are equal
 *   manifest   the small signed text that names a snapshot's timeframe and the root of its tree of chunks
 *   snapshot   the state of a party at a timeframe: a manifest and the chunks it needs
 *   store      where chunks and manifests are kept
 *   stale      said of a model whose stored version the host no longer reads; its items are rebuilt from the feeds
 *   opaque     said of an item that is kept as bytes, because no registered model can read it
 *
 * Order of calls
 *
 *   echo_registry_new(), echo_registry_add_object(), echo_registry_add()   once
 *   echo_party_create()                                                    only to make a new party
 *   echo_party_restore()                                                   open the party
 *   echo_party_each(), echo_item_get(), echo_object_get()                  read
 *   echo_party_write(), echo_party_poll()                                  in the host's loop; these take snapshots
 *   echo_party_free(), echo_registry_free()                                at the end
 *
 * Caveats
 *
 *   - A party, its feeds, models and exchange belong to one thread. Nothing is locked for the host.
 *   - Hooks and callbacks may not call back into the party or the exchange, unless their description allows it.
 *   - Only one process at a time may write to a party's folder. Others may open it with `writable` false.
 *   - Do not write to a feed that was restored from an old backup: other peers would see it fork. The library checks
 *     what it can (ECHO_ERR_BEHIND), but it cannot know blocks that only other peers have.
 *   - Keep secret keys. A party key that is lost cannot admit anybody; a feed's key that is lost cannot append.
 *   - Initialise every options structure and table with its INIT macro or by name, and set `version`.
 *
 * What is stable: nothing yet. Until version 1.0 a minor version may change functions, structures and formats;
 * docs/CHANGELOG.md lists each change. After 1.0 the contents of echo/ and echo/sys/ are stable as semantic versioning
 * says, except for what a header marks as experimental.
 *
 * Read echo/party.h next, then echo/policy.h.
 */
#ifndef ECHO_ECHO_H
#define ECHO_ECHO_H

#include <echo/base.h>
#include <echo/codec.h>
#include <echo/exchange.h>
#include <echo/feeds.h>
#include <echo/model.h>
#include <echo/object.h>
#include <echo/party.h>
#include <echo/policy.h>
#include <echo/snapshot.h>
#include <echo/store.h>
#include <echo/timeframe.h>

#endif
