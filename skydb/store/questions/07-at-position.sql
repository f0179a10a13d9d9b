-- Which footprints contain a position?
--
-- Around RA 85.25, Dec -2.46. A position is a unit vector, x = cos Dec cos RA, y = cos Dec sin RA, z = sin Dec; 0.05 degrees to
-- both sides of it in declination bound z, and no single chip of HST has a larger radius than that. This gives every chip
-- whose surrounding circle holds the position, by index, also at RA 0 and at the poles; the outlines decide which chips
-- really do: `skydb find --position 85.25 -2.46` looks at them, too.
--
-- :ra_deg real = 85.25
-- :dec_deg real = -2.46
SELECT f.rootname, f.product, f.extver
  FROM v_footprints f
 WHERE f.z BETWEEN SIN(RADIANS(:dec_deg - 0.05)) AND SIN(RADIANS(:dec_deg + 0.05))
   AND f.radius_deg <= 0.05
   AND POWER(f.x - COS(RADIANS(:dec_deg)) * COS(RADIANS(:ra_deg)), 2)
       + POWER(f.y - COS(RADIANS(:dec_deg)) * SIN(RADIANS(:ra_deg)), 2)
       + POWER(f.z - SIN(RADIANS(:dec_deg)), 2) <= POWER(RADIANS(f.radius_deg), 2)
 ORDER BY f.product, f.extver;
