// The vectors of vectors.h in AVX-512, and products by VNNI: one instruction multiplies four inputs for 16 outputs.

#pragma once

namespace {

using Floats = __m512;  // GCC and Clang define + - * / of it
using Words = __m512i;
using Lanes = __mmask16;

constexpr int HELD = 16;

inline Floats all(float x) { return _mm512_set1_ps(x); }
inline Floats load(const float* place) { return _mm512_loadu_ps(place); }
inline Floats load(const float* place, Lanes lanes) { return _mm512_maskz_loadu_ps(lanes, place); }
inline void store(float* place, Floats x) { _mm512_storeu_ps(place, x); }
inline void store(float* place, Lanes lanes, Floats x) { _mm512_mask_storeu_ps(place, lanes, x); }
inline Floats halfs(const uint16_t* place) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(place)));
}

// x * y + z, and z - x * y.
inline Floats fma(Floats x, Floats y, Floats z) { return _mm512_fmadd_ps(x, y, z); }
inline Floats fnma(Floats x, Floats y, Floats z) { return _mm512_fnmadd_ps(x, y, z); }
inline Floats larger(Floats x, Floats y) { return _mm512_max_ps(x, y); }
inline Floats smaller(Floats x, Floats y) { return _mm512_min_ps(x, y); }
inline Floats magnitude(Floats x) { return _mm512_abs_ps(x); }
inline Floats nearest(Floats x) { return _mm512_roundscale_ps(x, 0); }
// x times 2 to the power of a whole number of -126 to 127.
inline Floats scaled(Floats x, Floats whole) { return _mm512_scalef_ps(x, whole); }
inline Floats floats(Words x) { return _mm512_cvtepi32_ps(x); }
inline __m128i bytes(Floats x) { return _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(x)); }

inline __m256 low_half(Floats x) { return _mm512_castps512_ps256(x); }
inline __m256 high_half(Floats x) { return _mm512_extractf32x8_ps(x, 1); }
inline float sum(Floats x) { return sum(_mm256_add_ps(low_half(x), high_half(x))); }
inline float largest(Floats x) { return largest(_mm256_max_ps(low_half(x), high_half(x))); }

inline Lanes up_to(int64_t count) { return static_cast<Lanes>(count < 16 ? (1u << count) - 1 : 0xffffu); }
// Of the first `count` bytes, those that are not 0.
inline Lanes filled(const uint8_t* place, int64_t count) {
    const Lanes lanes = up_to(count);
    return _mm_mask_test_epi8_mask(lanes, _mm_maskz_loadu_epi8(lanes, place), _mm_set1_epi8(-1));
}
inline Lanes above(Floats x, Floats y) { return _mm512_cmp_ps_mask(x, y, _CMP_GT_OQ); }
inline Floats where(Lanes lanes, Floats yes, Floats no) { return _mm512_mask_blend_ps(lanes, no, yes); }

// The sums of the numbers of each of 16 vectors, vector(0) to vector(15): halves are added until each number is a whole
// sum.
template <typename Vector>
inline Floats sums_of(const Vector& vector) {
    Floats all[16], pairs[8], fours[4];
    for (int at = 0; at < 16; ++at) all[at] = vector(at);
    for (int at = 0; at < 8; ++at)
        pairs[at] =
            _mm512_unpacklo_ps(all[2 * at], all[2 * at + 1]) + _mm512_unpackhi_ps(all[2 * at], all[2 * at + 1]);
    for (int at = 0; at < 4; ++at) {
        const __m512d even = _mm512_castps_pd(pairs[2 * at]), odd = _mm512_castps_pd(pairs[2 * at + 1]);
        fours[at] = _mm512_castpd_ps(_mm512_unpacklo_pd(even, odd)) + _mm512_castpd_ps(_mm512_unpackhi_pd(even, odd));
    }
    const auto halved = [](Floats low, Floats high) {
        return _mm512_shuffle_f32x4(low, high, 0x88) + _mm512_shuffle_f32x4(low, high, 0xdd);
    };
    return halved(halved(fours[0], fours[1]), halved(fours[2], fours[3]));
}

template <int BITS>
class Block {
  public:
    // Below 8 bits: halves of bytes, then a plane of single bits for each further bit, which loads as a mask.
    explicit Block(const uint8_t* place) {
        if constexpr (BITS == 8) {
            for (int step = 0; step < 8; ++step) values_[step] = _mm512_loadu_si512(place + 64 * step);
            return;
        }
        const __m512i nibble = _mm512_set1_epi8(15);
        for (int step = 0; step < 4; ++step) {
            const __m512i both = _mm512_loadu_si512(place + 64 * step);
            values_[step] = _mm512_and_si512(both, nibble);
            values_[step + 4] = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
        }
        for (int bit = 4; bit < BITS; ++bit) {
            const auto* plane = reinterpret_cast<const uint64_t*>(place + 256 + 64 * (bit - 4));
            const __m512i worth = _mm512_set1_epi8(static_cast<char>(1 << bit));
            for (int step = 0; step < 8; ++step)
                values_[step] = _mm512_mask_add_epi8(values_[step], plane[step], values_[step], worth);
        }
    }

    // A part's values times the same inputs of COUNT rows, which lie `stride` bytes apart.
    template <int PARTS, int COUNT>
    void times(int part, const int8_t* quanta, int64_t stride, Words (&whole)[COUNT]) const {
        constexpr int STEPS = 8 / PARTS;
        for (int row = 0; row < COUNT; ++row) whole[row] = _mm512_setzero_si512();
        for (int step = 0; step < STEPS; ++step)
            for (int row = 0; row < COUNT; ++row)
                whole[row] = _mm512_dpbusd_epi32(whole[row], values_[part * STEPS + step],
                                                 _mm512_set1_epi32(four(quanta + row * stride + 4 * step)));
    }

  private:
    __m512i values_[8];
};

}  // namespace
