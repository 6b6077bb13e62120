/* echo/echo.h: everything an application needs. Implementers of stores, feeds and codecs look at echo/sys/. */
#ifndef ECHO_ECHO_H
#define ECHO_ECHO_H

#include <echo/base.h>
#include <echo/exchange.h>
#include <echo/model.h>
#include <echo/object.h>
#include <echo/party.h>
#include <echo/policy.h>
#include <echo/snapshot.h>
#include <echo/timeframe.h>

#endif
