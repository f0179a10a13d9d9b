{% from "todo/_fit.sql" import fits, floor, is_newest_fit, of_fit, wanted with context -%}
{% set reason -%}
CASE WHEN s.group_name IS NULL AND s.nmatches < {{ wanted }}
            THEN s.nmatches || ' matches, ' || COALESCE(s.fit_geometry, 'a fit')
                 || ' wants ' || {{ wanted }} ELSE 'The newest fit is weak' END
       || CASE WHEN s.trust < {{ floor }}
            THEN '; trust ' || ROUND(CAST(s.trust AS NUMERIC), 2)
                 || ', the floor is {{ floor }}.' ELSE '.' END
{%- endset -%}
SELECT {{ of_fit(rule="'weak-fit'", since="s.recorded_at", subject="p.filename",
                 reason=reason) }}
  FROM {{ fits() }}
 WHERE s.status IN ('proposed', 'applied')
   AND (s.trust < {{ floor }} OR (s.group_name IS NULL AND s.nmatches < {{ wanted }})) AND {{ is_newest_fit() }}
