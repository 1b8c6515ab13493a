# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(tcp_fuzz SOURCES tcp_fuzz.cc DEPS sluice_stream)
