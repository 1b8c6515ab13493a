# SPDX-License-Identifier: Apache-2.0
sluice_library(sluice_reset_builder CORE
  SOURCES reset_builder.cc
  HEADERS reset_builder.h
  DEPS sluice_base sluice_packet)
