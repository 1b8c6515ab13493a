# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(packet_fuzz SOURCES packet_fuzz.cc DEPS sluice_decode sluice_flow sluice_stream sluice_reset_builder)
