#include "exchange/event.h"

void echo__event_notify(echo_exchange *x, echo_exchange_event_kind kind, const echo_peer *peer,
                        const echo_error *error) {
    if (x->options.event == NULL) return;
    echo_exchange_event event = {kind, (echo_peer *)(uintptr_t)peer, NULL, error, 0, x->state.installed};
    if (peer != NULL && peer->channel != NULL) event.member = echo__channel_peer(peer->channel);
    if (x->has_target) event.messages = echo_timeframe_total(x->target.timeframe);
    x->options.event(x->options.event_arg, &event);
}
