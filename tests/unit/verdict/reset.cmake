# SPDX-License-Identifier: Apache-2.0
sluice_test(reset_builder_test
  SOURCES reset_builder_test.cc
  DEPS sluice_reset_builder sluice_decode sluice_test_support)
